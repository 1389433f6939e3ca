package main

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// pointers lists the JSON pointers of every value below doc.
func pointers(doc any, at string) []string {
	var out []string
	switch v := doc.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		for _, key := range keys {
			p := at + "/" + strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
			out = append(append(out, p), pointers(v[key], p)...)
		}
	case []any:
		for i, item := range v {
			p := fmt.Sprintf("%s/%d", at, i)
			out = append(append(out, p), pointers(item, p)...)
		}
	}
	return out
}

// replace sets the value at a pointer that exists.
func replace(doc any, pointer string, value any) any {
	parts := strings.Split(pointer, "/")[1:]
	at := doc
	for i, part := range parts {
		part = strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
		last := i == len(parts)-1
		switch v := at.(type) {
		case map[string]any:
			if last {
				v[part] = value
			}
			at = v[part]
		case []any:
			index, err := strconv.Atoi(part)
			if err != nil {
				panic(err)
			}
			if last {
				v[index] = value
			}
			at = v[index]
		}
	}
	return doc
}
