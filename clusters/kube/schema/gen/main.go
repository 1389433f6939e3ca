// Command gen writes what Fairway knows of the Kubernetes API as data: the schema files of
// ../data (facts read by reflection from the published Go types) and the test vectors of
// tests/clusters/kube/schema/vectors (what the reference encoders and decoders answer).
//
//	go run . schema ../data
//	go run . vectors ../../../../tests/clusters/kube/schema/vectors
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: gen schema|vectors DIRECTORY")
		os.Exit(2)
	}
	var err error
	switch os.Args[1] {
	case "schema":
		err = writeSchema(os.Args[2])
	case "vectors":
		err = writeVectors(os.Args[2])
	default:
		err = fmt.Errorf("unknown command %q", os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
