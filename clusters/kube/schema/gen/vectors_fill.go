package main

import (
	"fmt"
	"math/rand"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// fill sets fields at random, fewer the deeper they lie. Zero values behind pointers are common on
// purpose: they must survive, while those of plain fields must not.
func fill(rng *rand.Rand, v reflect.Value, depth int) {
	if special(rng, v) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		fillStruct(rng, v, depth)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		if rng.Intn(4) > 0 {
			fill(rng, v.Elem(), depth)
		}
	case reflect.Slice:
		fillSlice(rng, v, depth)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := 0; i <= rng.Intn(2); i++ {
			value := reflect.New(v.Type().Elem()).Elem()
			fill(rng, value, depth+1)
			v.SetMapIndex(reflect.ValueOf(fmt.Sprintf("key-%d", i)).Convert(v.Type().Key()), value)
		}
	case reflect.String:
		v.SetString([]string{"", "a", "héllo", "with \"quotes\"\n"}[rng.Intn(4)])
	case reflect.Bool:
		v.SetBool(rng.Intn(2) == 0)
	case reflect.Int32, reflect.Int, reflect.Int64:
		v.SetInt([]int64{0, 1, -1, 2147483647, -2147483648, 300}[rng.Intn(6)])
	}
}

func fillStruct(rng *rand.Rand, v reflect.Value, depth int) {
	for i := 0; i < v.NumField(); i++ {
		field := v.Field(i)
		if v.Type().Field(i).Name == "TypeMeta" || !field.CanSet() {
			continue
		}
		chance := 1 + depth*depth/3
		if depth <= 1 || rng.Intn(chance+1) == 0 {
			fill(rng, field, depth+1)
		}
	}
}

func fillSlice(rng *rand.Rand, v reflect.Value, depth int) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b := make([]byte, rng.Intn(5))
		rng.Read(b)
		v.SetBytes(b)
		return
	}
	n := 1 + rng.Intn(2)
	v.Set(reflect.MakeSlice(v.Type(), n, n))
	for i := 0; i < n; i++ {
		fill(rng, v.Index(i), depth+1)
	}
}

// special fills the types that have a form of their own; it says whether v is one.
func special(rng *rand.Rand, v reflect.Value) bool {
	if !v.CanAddr() {
		return false
	}
	moment := time.Unix([]int64{0, 1700000000, 951782400, 4102444800}[rng.Intn(4)], int64(rng.Intn(1000000))*1000)
	switch p := v.Addr().Interface().(type) {
	case *metav1.Time:
		*p = metav1.NewTime(moment.Truncate(time.Second))
	case *metav1.MicroTime:
		*p = metav1.NewMicroTime(moment)
	case *resource.Quantity:
		*p = resource.MustParse([]string{"0", "500m", "1Gi", "2", "1500m", "0.5Gi", "3e3", "12k"}[rng.Intn(8)])
	case *intstr.IntOrString:
		if rng.Intn(2) == 0 {
			*p = intstr.FromInt32(int32(rng.Intn(3)) * 4000)
		} else {
			*p = intstr.FromString("http")
		}
	case *metav1.FieldsV1:
		p.Raw = []byte(`{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"k:{\"name\":\"c\"}":{}}}`)
	case *runtime.RawExtension:
		p.Raw = []byte(`{"a":[1,2.5,"x",null,true]}`)
	default:
		return false
	}
	return true
}
