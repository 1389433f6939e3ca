package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"strings"
)

// markers holds the `+name=value` comment markers of a package's types and fields. They carry the
// list and map semantics of server-side apply, which struct tags do not.
type markers struct {
	types  map[string]map[string][]string            // type -> marker -> values
	fields map[string]map[string]map[string][]string // type -> field -> marker -> values
}

var markerCache = map[string]*markers{}

func markersOf(pkgPath string) (*markers, error) {
	if m, ok := markerCache[pkgPath]; ok {
		return m, nil
	}
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", pkgPath).Output()
	if err != nil {
		return nil, err
	}
	pkgs, err := parser.ParseDir(token.NewFileSet(), strings.TrimSpace(string(dir)), nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	m := &markers{types: map[string]map[string][]string{}, fields: map[string]map[string]map[string][]string{}}
	for _, pkg := range pkgs {
		for _, file := range pkg.Files {
			for _, decl := range file.Decls {
				if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.TYPE {
					m.addTypes(gen)
				}
			}
		}
	}
	markerCache[pkgPath] = m
	return m, nil
}

func (m *markers) addTypes(gen *ast.GenDecl) {
	for _, spec := range gen.Specs {
		ts := spec.(*ast.TypeSpec)
		doc := ts.Doc
		if doc == nil {
			doc = gen.Doc
		}
		m.types[ts.Name.Name] = parseMarkers(doc)
		st, ok := ts.Type.(*ast.StructType)
		if !ok {
			continue
		}
		fields := map[string]map[string][]string{}
		for _, f := range st.Fields.List {
			for _, name := range f.Names {
				fields[name.Name] = parseMarkers(f.Doc)
			}
		}
		m.fields[ts.Name.Name] = fields
	}
}

func parseMarkers(doc *ast.CommentGroup) map[string][]string {
	out := map[string][]string{}
	if doc == nil {
		return out
	}
	for _, c := range doc.List {
		text := strings.TrimSpace(strings.TrimPrefix(c.Text, "//"))
		if !strings.HasPrefix(text, "+") {
			continue
		}
		name, value, _ := strings.Cut(text[1:], "=")
		out[name] = append(out[name], value)
	}
	return out
}

func first(values map[string][]string, name string) string {
	if v := values[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}
