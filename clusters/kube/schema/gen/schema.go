package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authenticationv1beta1 "k8s.io/api/authentication/v1beta1"
	authorizationv1 "k8s.io/api/authorization/v1"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kueuev1beta2 "sigs.k8s.io/kueue/apis/kueue/v1beta2"
)

// The messages that are served or read; everything that they reach is written too. A further kind is
// one line here and one row in ../data/kinds.schema.
var roots = []any{
	metav1.ObjectMeta{}, metav1.ListMeta{}, metav1.Status{}, metav1.DeleteOptions{},
	metav1.WatchEvent{}, metav1.LabelSelector{}, metav1.PartialObjectMetadata{},
	metav1.PartialObjectMetadataList{}, metav1.Table{},
	corev1.Namespace{}, corev1.NamespaceList{}, corev1.ConfigMap{}, corev1.ConfigMapList{},
	corev1.Secret{}, corev1.SecretList{}, corev1.ServiceAccount{}, corev1.ServiceAccountList{},
	corev1.Event{}, corev1.EventList{}, corev1.Pod{}, corev1.PodList{}, corev1.Node{},
	corev1.NodeList{}, corev1.PodTemplate{}, corev1.PodTemplateList{},
	corev1.PersistentVolumeClaim{}, corev1.PersistentVolumeClaimList{},
	batchv1.Job{}, batchv1.JobList{}, batchv1.CronJob{}, batchv1.CronJobList{},
	coordinationv1.Lease{}, coordinationv1.LeaseList{}, eventsv1.Event{}, eventsv1.EventList{},
	authorizationv1.SelfSubjectAccessReview{}, authorizationv1.SelfSubjectRulesReview{},
	authorizationv1.SubjectAccessReview{}, authorizationv1.LocalSubjectAccessReview{},
	authenticationv1.SelfSubjectReview{}, authenticationv1.TokenReview{},
	authenticationv1beta1.SelfSubjectReview{},
	rbacv1.Role{}, rbacv1.RoleList{}, rbacv1.ClusterRole{}, rbacv1.ClusterRoleList{},
	rbacv1.RoleBinding{}, rbacv1.RoleBindingList{}, rbacv1.ClusterRoleBinding{},
	rbacv1.ClusterRoleBindingList{},
	kueuev1beta2.ResourceFlavor{}, kueuev1beta2.ResourceFlavorList{},
	kueuev1beta2.ClusterQueue{}, kueuev1beta2.ClusterQueueList{},
	kueuev1beta2.Cohort{}, kueuev1beta2.CohortList{},
	kueuev1beta2.LocalQueue{}, kueuev1beta2.LocalQueueList{},
	kueuev1beta2.WorkloadPriorityClass{}, kueuev1beta2.WorkloadPriorityClassList{},
	kueuev1beta2.Workload{}, kueuev1beta2.WorkloadList{},
}

// Packages of custom resources: definitions are named after the API group instead of the Go package,
// and there is no protobuf form, whatever a tag says.
var customPkgs = map[string]string{
	"sigs.k8s.io/kueue/apis/kueue/v1beta2": "io.x-k8s.kueue.v1beta2",
}

// Fields that are newer than the published module, by message. They are known so that they can be
// refused by name instead of dropped.
var laterFields = map[string][]string{
	"v1beta2.ClusterQueueSpec": {"concurrentAdmissionPolicy 0 json"},
}

// Types that have a form of their own in JSON or protobuf, by Go name.
var leaves = map[string]string{
	"k8s.io/apimachinery/pkg/apis/meta/v1.Time":       "time",
	"k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":  "microtime",
	"k8s.io/apimachinery/pkg/apis/meta/v1.Duration":   "duration",
	"k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1":   "fieldsv1",
	"k8s.io/apimachinery/pkg/api/resource.Quantity":   "quantity",
	"k8s.io/apimachinery/pkg/util/intstr.IntOrString": "intorstring",
	"k8s.io/apimachinery/pkg/runtime.RawExtension":    "rawextension",
	"k8s.io/api/authentication/v1.ExtraValue":         "stringlist",
	"k8s.io/api/authorization/v1.ExtraValue":          "stringlist",
}

type generator struct {
	seen   map[reflect.Type]bool
	byPkg  map[string][]reflect.Type
	errors []error
}

func writeSchema(dir string) error {
	g := &generator{seen: map[reflect.Type]bool{}, byPkg: map[string][]reflect.Type{}}
	for _, root := range roots {
		g.visit(reflect.TypeOf(root))
	}
	for pkg, types := range g.byPkg {
		sort.Slice(types, func(i, j int) bool { return types[i].Name() < types[j].Name() })
		var out strings.Builder
		out.WriteString("# Written by schema/gen; change the generator instead.\n")
		fmt.Fprintf(&out, "package %s openapi=%s\n", shortPkg(pkg), openapiPkg(pkg))
		for _, t := range types {
			if err := g.message(&out, t); err != nil {
				return err
			}
		}
		name := strings.ReplaceAll(shortPkg(pkg), "/", "_") + ".schema"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(out.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func fullName(t reflect.Type) string { return t.PkgPath() + "." + t.Name() }

func (g *generator) visit(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		if _, leaf := leaves[fullName(t)]; !leaf {
			g.visit(t.Elem())
		}
		return
	case reflect.Struct:
	default:
		return
	}
	if _, leaf := leaves[fullName(t)]; leaf || g.seen[t] {
		return
	}
	g.seen[t] = true
	g.byPkg[t.PkgPath()] = append(g.byPkg[t.PkgPath()], t)
	for i := 0; i < t.NumField(); i++ {
		g.visit(t.Field(i).Type)
	}
}

// "k8s.io/api/batch/v1" -> "batch/v1"
func shortPkg(path string) string {
	parts := strings.Split(path, "/")
	return strings.Join(parts[len(parts)-2:], "/")
}

// "k8s.io/api/batch/v1" -> "io.k8s.api.batch.v1"
func openapiPkg(path string) string {
	if name, ok := customPkgs[path]; ok {
		return name
	}
	parts := strings.Split(path, "/")
	host := strings.Split(parts[0], ".")
	for i, j := 0, len(host)-1; i < j; i, j = i+1, j-1 {
		host[i], host[j] = host[j], host[i]
	}
	return strings.Join(append(host, parts[1:]...), ".")
}

func (g *generator) message(out *strings.Builder, t reflect.Type) error {
	m, err := markersOf(t.PkgPath())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\nmessage %s", t.Name())
	if first(m.types[t.Name()], "structType") == "atomic" || first(m.types[t.Name()], "mapType") == "atomic" {
		out.WriteString(" atomic")
	}
	out.WriteString("\n")
	for i := 0; i < t.NumField(); i++ {
		if line := fieldLine(t, t.Field(i), m.fields[t.Name()][t.Field(i).Name]); line != "" {
			out.WriteString("  " + line + "\n")
		}
	}
	for _, line := range laterFields[t.String()] {
		out.WriteString("  " + line + "\n")
	}
	return nil
}

// fieldLine spells one field, see ../data/README.md for the format.
func fieldLine(owner reflect.Type, f reflect.StructField, marks map[string][]string) string {
	name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	number := "0"
	_, custom := customPkgs[owner.PkgPath()]
	if tag := f.Tag.Get("protobuf"); tag != "" && tag != "-" && !custom {
		number = strings.Split(tag, ",")[1]
	}
	if strings.Contains(options, "inline") || (f.Anonymous && name == "") {
		return fmt.Sprintf("inline %s %s", number, typeRef(owner, f.Type))
	}
	if name == "-" || name == "" {
		return ""
	}
	text := typeText(owner, f.Type)
	required := !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero")
	if custom {
		// A custom resource is stored as it was sent: zeros are values, and markers say what is needed.
		if scalars[text] {
			text = "*" + text
		}
		required = (required || marks["required"] != nil) && marks["optional"] == nil
	}
	words := []string{name, number, text}
	if required {
		words = append(words, "required")
	}
	words = append(words, goNames(f.Type)...)
	words = append(words, patchWords(f, marks)...)
	return strings.Join(words, " ")
}

var scalars = map[string]bool{
	"string": true, "bool": true, "int32": true, "int64": true, "quantity": true, "time": true,
}

func typeText(owner, t reflect.Type) string {
	if leaf, ok := leaves[fullName(t)]; ok {
		return leaf
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + typeText(owner, t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + typeText(owner, t.Elem())
	case reflect.Map:
		return "map[string]" + typeText(owner, t.Elem())
	case reflect.Struct:
		return typeRef(owner, t)
	case reflect.String, reflect.Bool, reflect.Int32, reflect.Int64:
		return t.Kind().String()
	case reflect.Int:
		return "int64"
	case reflect.Float64:
		return "double"
	case reflect.Interface:
		return "json"
	}
	panic("no schema type for " + t.String())
}

func typeRef(owner, t reflect.Type) string {
	if t.PkgPath() == owner.PkgPath() {
		return t.Name()
	}
	return shortPkg(t.PkgPath()) + "." + t.Name()
}

// goNames gives the Go names that error messages quote, where they cannot be told from the type.
func goNames(t reflect.Type) []string {
	var words []string
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if _, leaf := leaves[fullName(t)]; leaf {
		return nil
	}
	elem := t
	if (t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8) || t.Kind() == reflect.Map {
		elem = t.Elem()
		if t.Name() != "" {
			words = append(words, "goshape="+t.String())
		} else if t.Kind() == reflect.Map && t.Key().Name() != "string" {
			words = append(words, "goshape="+t.String())
		}
	}
	for elem.Kind() == reflect.Pointer {
		elem = elem.Elem()
	}
	if elem.Name() != "" && elem.PkgPath() != "" && elem.Kind() != reflect.Struct && elem.Kind() != reflect.Interface {
		if _, leaf := leaves[fullName(elem)]; !leaf {
			words = append(words, "go="+elem.String())
		}
	}
	if elem.Kind() == reflect.Int {
		words = append(words, "go=int")
	}
	return words
}

func patchWords(f reflect.StructField, marks map[string][]string) []string {
	var words []string
	if strategy := f.Tag.Get("patchStrategy"); strategy != "" {
		word := "patch=" + strings.ReplaceAll(strategy, ",", "+")
		if key := f.Tag.Get("patchMergeKey"); key != "" {
			word += ":" + key
		}
		words = append(words, word)
	}
	switch first(marks, "listType") {
	case "set":
		words = append(words, "list=set")
	case "map":
		var keys []string
		for _, key := range marks["listMapKey"] {
			keys = append(keys, key+keyDefault(f.Type.Elem(), key))
		}
		words = append(words, "list=map:"+strings.Join(keys, ","))
	}
	for _, marker := range []string{"mapType", "structType"} {
		if v := first(marks, marker); v == "atomic" || v == "granular" {
			words = append(words, v)
		}
	}
	return words
}

// keyDefault finds the default of a list key in the list's element, "=JSON" or "".
func keyDefault(elem reflect.Type, key string) string {
	for elem.Kind() == reflect.Pointer {
		elem = elem.Elem()
	}
	m, err := markersOf(elem.PkgPath())
	if err != nil {
		panic(err)
	}
	for i := 0; i < elem.NumField(); i++ {
		name, _, _ := strings.Cut(elem.Field(i).Tag.Get("json"), ",")
		if name != key {
			continue
		}
		if v := first(m.fields[elem.Name()][elem.Field(i).Name], "default"); v != "" {
			return "=" + v
		}
	}
	return ""
}
