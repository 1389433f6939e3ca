package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"math/rand"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authenticationv1beta1 "k8s.io/api/authentication/v1beta1"
	authorizationv1 "k8s.io/api/authorization/v1"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	kjson "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// objectsPerKind is small enough to keep the vectors readable in a review.
const objectsPerKind = 4

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, batchv1.AddToScheme, coordinationv1.AddToScheme, eventsv1.AddToScheme,
		rbacv1.AddToScheme, authenticationv1.AddToScheme, authenticationv1beta1.AddToScheme,
		authorizationv1.AddToScheme,
	} {
		utilruntime.Must(add(s))
	}
	return s
}

func writeVectors(dir string) error {
	scheme := newScheme()
	if err := writeProtobuf(scheme, filepath.Join(dir, "protobuf.jsonl")); err != nil {
		return err
	}
	if err := writeTypeErrors(scheme, filepath.Join(dir, "type_errors.jsonl")); err != nil {
		return err
	}
	if err := writeYAML(filepath.Join(dir, "yaml.jsonl")); err != nil {
		return err
	}
	return writeDecodes(scheme, filepath.Join(dir, "decode.jsonl"))
}

func writeLines(path string, write func(*json.Encoder) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := write(enc); err != nil {
		return err
	}
	return w.Flush()
}

// writeProtobuf fills objects of every kind at random and writes their protobuf bytes beside the JSON
// of what the reference decoder makes of those bytes.
func writeProtobuf(scheme *runtime.Scheme, path string) error {
	codec := protobuf.NewSerializer(scheme, scheme)
	rng := rand.New(rand.NewSource(1))
	return writeLines(path, func(out *json.Encoder) error {
		for _, root := range roots {
			gvks, _, err := scheme.ObjectKinds(asObject(root))
			if err != nil || strings.HasSuffix(gvks[0].Kind, "Options") || gvks[0].Kind == "WatchEvent" || gvks[0].Kind == "Status" {
				continue
			}
			for i := 0; i < objectsPerKind; i++ {
				obj := asObject(root)
				fill(rng, reflect.ValueOf(obj).Elem(), 0)
				if err := writeProtobufObject(out, codec, obj, gvks[0]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func writeProtobufObject(out *json.Encoder, codec runtime.Serializer, obj runtime.Object, gvk schema.GroupVersionKind) error {
	obj.GetObjectKind().SetGroupVersionKind(gvk)
	var body strings.Builder
	if err := codec.Encode(obj, &body); err != nil {
		return err
	}
	decoded, _, err := codec.Decode([]byte(body.String()), nil, nil)
	if err != nil {
		return err
	}
	decoded.GetObjectKind().SetGroupVersionKind(gvk)
	text, err := json.Marshal(decoded)
	if err != nil {
		return err
	}
	return out.Encode(map[string]any{
		"apiVersion": gvk.GroupVersion().String(), "kind": gvk.Kind,
		"protobuf": base64.StdEncoding.EncodeToString([]byte(body.String())), "json": json.RawMessage(text),
	})
}

func asObject(root any) runtime.Object {
	obj, ok := reflect.New(reflect.TypeOf(root)).Interface().(runtime.Object)
	if !ok {
		return &runtime.Unknown{}
	}
	return obj
}

// writeTypeErrors puts a wrong value in every place of some manifests, one at a time.
func writeTypeErrors(scheme *runtime.Scheme, path string) error {
	values := []any{1, "x", true, map[string]any{}, []any{}, nil, 1.5, int64(3000000000), []any{nil}}
	return writeLines(path, func(out *json.Encoder) error {
		for _, manifest := range manifests {
			if err := out.Encode(map[string]any{"base": json.RawMessage(manifest)}); err != nil {
				return err
			}
			var doc map[string]any
			if err := json.Unmarshal([]byte(manifest), &doc); err != nil {
				return err
			}
			for _, pointer := range pointers(doc, "") {
				if pointer == "/kind" || pointer == "/apiVersion" {
					continue
				}
				for _, value := range values {
					changed := replace(clone(doc), pointer, value)
					text, err := json.Marshal(changed)
					if err != nil {
						return err
					}
					_, failure, _ := decode(scheme, text)
					if err := out.Encode(map[string]any{"pointer": pointer, "value": value, "error": failure}); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// writeDecodes records the reference decoder's output and findings for bodies worth a look.
func writeDecodes(scheme *runtime.Scheme, path string) error {
	return writeLines(path, func(out *json.Encoder) error {
		for _, body := range append(append([]string{}, bodies...), manifests...) {
			object, failure, findings := decode(scheme, []byte(body))
			line := map[string]any{"body": body, "error": failure, "findings": findings}
			if object != nil {
				line["object"] = object
			}
			if err := out.Encode(line); err != nil {
				return err
			}
		}
		return nil
	})
}

// decode returns the object as JSON, or the error, and the findings of strict validation.
func decode(scheme *runtime.Scheme, body []byte) (json.RawMessage, string, []string) {
	codec := kjson.NewSerializerWithOptions(kjson.DefaultMetaFactory, scheme, scheme, kjson.SerializerOptions{Strict: true})
	defaults := batchv1.SchemeGroupVersion.WithKind("Job")
	obj, _, err := codec.Decode(body, &defaults, nil)
	findings := []string{}
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		for _, e := range strict.Errors() {
			findings = append(findings, e.Error())
		}
		err = nil
	}
	if err != nil {
		return nil, err.Error(), findings
	}
	text, err := json.Marshal(obj)
	if err != nil {
		return nil, err.Error(), findings
	}
	return text, "", findings
}

func clone(doc any) any {
	text, err := json.Marshal(doc)
	utilruntime.Must(err)
	var out any
	utilruntime.Must(json.Unmarshal(text, &out))
	return out
}
