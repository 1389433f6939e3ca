package main

// manifests are well-formed objects; every value in them is replaced by wrong ones in turn.
var manifests = []string{
	`{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a","creationTimestamp":"2024-01-02T03:04:05Z","generation":3,` +
		`"labels":{"app":"x"},"finalizers":["a/b"],"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"o","uid":"u","controller":true}],` +
		`"managedFields":[{"manager":"m","operation":"Apply","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{}},"time":"2024-01-02T03:04:05Z"}]},` +
		`"spec":{"parallelism":1,"activeDeadlineSeconds":5,"suspend":false,"completionMode":"Indexed","selector":{"matchLabels":{"a":"b"},` +
		`"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]},"podFailurePolicy":{"rules":[{"action":"Ignore","onExitCodes":{"operator":"In","values":[1,2]}}]},` +
		`"template":{"metadata":{"annotations":{"a":"b"}},"spec":{"restartPolicy":"Never","hostNetwork":true,"nodeSelector":{"a":"b"},` +
		`"tolerations":[{"key":"k","tolerationSeconds":3}],"securityContext":{"runAsUser":0,"supplementalGroups":[1]},` +
		`"volumes":[{"name":"v","configMap":{"name":"c","optional":true,"items":[{"key":"k","path":"p","mode":420}]}},{"name":"e","emptyDir":{"sizeLimit":"1Gi"}}],` +
		`"containers":[{"name":"c","image":"i","command":["a"],"ports":[{"containerPort":80,"protocol":"TCP"}],` +
		`"env":[{"name":"E","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}},{"name":"F","value":"1"}],` +
		`"resources":{"limits":{"cpu":"1"},"requests":{"memory":"1Gi"},"claims":[{"name":"r"}]},` +
		`"livenessProbe":{"httpGet":{"port":80,"path":"/"},"periodSeconds":5},"lifecycle":{"preStop":{"exec":{"command":["x"]}}}}]}}},` +
		`"status":{"active":1,"startTime":"2024-01-02T03:04:05Z","conditions":[{"type":"Complete","status":"True","lastProbeTime":"2024-01-02T03:04:05Z"}],` +
		`"uncountedTerminatedPods":{"succeeded":["u"]}}}`,
	`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"type":"Opaque","immutable":false,"data":{"a":"aGk="},"stringData":{"b":"c"}}`,
	`{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"l"},"spec":{"holderIdentity":"h","leaseDurationSeconds":15,"renewTime":"2024-01-02T03:04:05.000006Z"}}`,
	`{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}`,
	`{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"user":"u","groups":["g"],"extra":{"k":["v"]},"resourceAttributes":{"verb":"get"}}}`,
	`{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"},"spec":{"unschedulable":true},"status":{"capacity":{"cpu":"2"},"daemonEndpoints":{"kubeletEndpoint":{"Port":1}}}}`,
}

// bodies are requests whose outcome is worth pinning: unknown and duplicate fields, nulls, empty
// values, canonical forms, malformed texts.
var bodies = []string{
	`{}`, `{"kind":"Job"}`, `{"apiVersion":"batch/v1"}`,
	`{"kind":"Job","spec":{"foo":1,"template":{"spec":{"containers":[{"name":"a"},{"name":"b","bar":{"x":1}}]}}}}`,
	`{"kind":"Job","Spec":{"parallelism":1}}`,
	`{"kind":"Job","spec":{"parallelism":1,"parallelism":2}}`,
	`{"kind":"Job","metadata":{"labels":{"a":"1","a":"2"},"annotations":{"a.b/c":"1","a.b/c":"2"}}}`,
	`{"kind":"Job","spec":{"template":{"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1","cpu":"2"}}}]}}}}`,
	`{"kind":"Job","metadata":{"labels":null,"name":null,"creationTimestamp":null,"finalizers":null},"spec":null,"status":{}}`,
	`{"kind":"Job","metadata":{"labels":{},"finalizers":[]},"spec":{"suspend":false,"parallelism":0,"template":{"spec":{"hostNetwork":false,"nodeName":"","volumes":[],"containers":[]}}}}`,
	`{"kind":"Job","metadata":{"labels":{"a":null},"finalizers":[null,"x/y"]},"spec":{"template":{"spec":{"containers":[null,{"name":"c","env":[null]}]}}}}`,
	`{"kind":"Job","metadata":{"creationTimestamp":"2024-02-29T01:00:00.5+02:00","deletionTimestamp":"1969-12-31T23:59:59Z"}}`,
	`{"kind":"Job","metadata":{"creationTimestamp":"2024-02-30T01:00:00Z"}}`,
	`{"kind":"Job","metadata":{"creationTimestamp":"2024-13-01T01:00:00Z"}}`,
	`{"kind":"Job","metadata":{"creationTimestamp":"2024-01-01"}}`,
	`{"kind":"Job","metadata":{"creationTimestamp":"2024-01-01T01:00:00"}}`,
	`{"kind":"Job","metadata":{"creationTimestamp":"2024-01-01T25:00:00Z"}}`,
	`{"kind":"Job","metadata":{"creationTimestamp":"2024-01-01T01:00:00Zx"}}`,
	`{"kind":"Job","metadata":{"creationTimestamp":""}}`,
	`{"kind":"Job","metadata":{"creationTimestamp":"yesterday \"noon\""}}`,
	`{"kind":"Job","spec":{"template":{"spec":{"containers":[{"name":"c","resources":{"limits":{"a":"1000m","b":"1024Ki","c":"0.5","d":"1e3","e":"1000","f":"1.5Gi","g":"0","h":"00500m","i":7,"j":0.25,"k":1000}}}]}}}}`,
	`{"kind":"Job","spec":{"template":{"spec":{"containers":[{"resources":{"limits":{"a":"lots"}}}]}}}}`,
	`{"kind":"Job","spec":{"template":{"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":"http"}}}]}}}}`,
	`{"kind":"Job","spec":{"backoffLimit":2147483648}}`, `{"kind":"Job","spec":{"backoffLimit":-2147483648}}`,
	`{"kind":"Job","spec":{"activeDeadlineSeconds":9223372036854775807}}`,
	`{"kind":"Job","spec":{"activeDeadlineSeconds":9223372036854775808}}`,
	`{"apiVersion":"v1","kind":"Secret","data":{"a":"aGk","b":"!!"}}`, `{"apiVersion":"v1","kind":"Secret","data":{"a":""}}`,
	`{"apiVersion":"v1","kind":"Secret","data":{"a":"aG\nk="}}`, `{"apiVersion":"v1","kind":"Secret","data":{"a":"aGl="}}`,
	`{"apiVersion":"v1","kind":"Secret","data":{"a":null}}`,
	`{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"renewTime":"2024-01-02T03:04:05Z"}}`,
	`{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"renewTime":"2024-01-02T03:04:05.123456+01:00"}}`,
	`{"kind":"Job","metadata":{"managedFields":[{"fieldsV1":{"f:a":{"f:b":{}},"f:a":{}}}]}}`,
	`{"kind":"Job","metadata":{"name":"\u00e9\ud83d\ude00\u0000"}}`,
	``, ` `, `hello`, `{"a":1,}`, `{"a" 1}`, `{"a":tru}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e}`, `[1,2`, `[1 2]`, `{"a":1 "b"}`, `{a:1}`,
	`{"a":"x`, "{\"a\":\"x\ny\"}", `{"a":"\x"}`, `{"a":"\u12g4"}`, `{} {}`, `{}x`, `{"a":nul}`, `'a'`, `{"a":'b'}`, `[1,]`, `{"a":1]`, "\x00",
	`[]`, `"x"`, `1`, `true`, `{"kind":1}`, `{"kind":"Job","apiVersion":{}}`,
}
