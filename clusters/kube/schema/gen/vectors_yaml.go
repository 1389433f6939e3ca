package main

import (
	"encoding/json"
	"strings"

	"sigs.k8s.io/yaml"
)

// yamlTexts are worth a look: scalars of every kind, keys, anchors, merges, styles, mistakes.
var yamlTexts = []string{
	"a: 1\nb: -2\nc: 0x1F\nd: 010\ne: 0b101\nf: 1_000\ng: +5\nh: 0o17\ni: 08\nj: 18446744073709551615\nk: -9223372036854775808\n",
	"a: 1.0\nb: 1.5\nc: 1e3\nd: 1e+3\ne: .5\nf: 5.\ng: -1.25e-2\nh: 1.2.3\ni: 1e\nj: -\nk: .\n",
	"a: yes\nb: No\nc: on\nd: OFF\ne: y\nf: n\ng: true\nh: False\ni: tRue\n",
	"a: null\nb: ~\nc:\nd: Null\ne: NULL\nf: nUll\n",
	"a: \"1\"\nb: 'yes'\nc: \"null\"\nd: \"\"\ne: ''\n",
	"a: 2024-01-02\nb: 2024-01-02T03:04:05Z\nc: 12:30:45\nd: 1:2\n",
	"a: !!str 1\nb: !!int \"2\"\nc: !!str yes\nd: !!float 1\n",
	"1: a\ntrue: b\n1.5: c\non: d\n\"q\": e\n",
	"a: |\n  line one\n  line two\nb: >\n  folded\n  text\nc: |-\n  stripped\n",
	"base: &b\n  x: 1\n  y: [1, 2]\nuse: *b\n",
	"base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n",
	"a: &a {x: 1}\nb: &b {x: 2, z: 3}\nuse:\n  <<: [*a, *b]\n",
	"- 1\n- [a, b]\n- {c: d}\n-\n",
	"{a: 1, b: [x, 'y', \"z\"], c: {}}\n", "[]\n", "{}\n", "text\n", "", "# only a comment\n", "---\na: 1\n",
	"a: 1\na: 2\n", "a: {b: 1, b: 2}\n",
	"a: \"\\u00e9\\n\\x41\"\n", "a: h\u00e9llo\n", "\u00e9: 1\n",
	"a: b: c\n", "a: [1, 2\n", "a: \"x\n", "a:\n\t- 1\n", "a: *none\n", "a: @x\n", "a: 'b\n", "? [x]\n: 1\n",
	"apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: pi\nspec:\n  template:\n    spec:\n      containers:\n      - name: pi\n        image: perl:5.34.0\n" +
		"        command: [\"perl\",  \"-Mbignum=bpi\", \"-wle\", \"print bpi(2000)\"]\n      restartPolicy: Never\n  backoffLimit: 4\n",
}

// writeYAML records the conversion to JSON; of failures only that they are some, since their words
// are the parser's.
func writeYAML(path string) error {
	return writeLines(path, func(out *json.Encoder) error {
		for _, text := range yamlTexts {
			converted, err := yaml.YAMLToJSON([]byte(text))
			if !strings.Contains(text, "<<") { // the strict conversion takes an override for a duplicate
				converted, err = yaml.YAMLToJSONStrict([]byte(text))
			}
			line := map[string]any{"yaml": text, "fails": err != nil}
			if err == nil {
				line["json"] = json.RawMessage(converted)
			}
			if err := out.Encode(line); err != nil {
				return err
			}
		}
		return nil
	})
}
