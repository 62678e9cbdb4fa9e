package losslog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// otherJSON write the same objects down as other programs do.
var otherJSON = []struct {
	name  string
	write func(objects []json.RawMessage) string
}{
	{"an array", func(objects []json.RawMessage) string { return "[" + eachWritten(objects, "%s", ", ") + "]\n" }},
	{"an array in a document", func(objects []json.RawMessage) string {
		return `{"config": {"lr": 0.1, "epochs": 9}, "history": [` + eachWritten(objects, "%s", ",\n") + "]}\n"
	}},
	{"a logger", func(objects []json.RawMessage) string {
		return eachWritten(objects, "2024-03-05 12:00:00,123 INFO %s", "\n") + "\n"
	}},
	{"objects over several lines", func(objects []json.RawMessage) string {
		var b bytes.Buffer
		for _, object := range objects {
			json.Indent(&b, object, "", "  ")
			b.WriteByte('\n')
		}
		return b.String()
	}},
}

func eachWritten(objects []json.RawMessage, format, between string) string {
	all := make([]string, len(objects))
	for i, object := range objects {
		all[i] = fmt.Sprintf(format, object)
	}
	return strings.Join(all, between)
}

// Objects say the same in whichever way they are written.
func TestJSONOtherwiseWritten(t *testing.T) {
	read := 0
	for _, log := range knownLogs(t, ".jsonl") {
		var objects []json.RawMessage
		decoder := json.NewDecoder(bytes.NewReader(log.content))
		for decoder.More() {
			var object json.RawMessage
			if decoder.Decode(&object) != nil || object[0] != '{' {
				break
			}
			objects = append(objects, object)
		}
		if len(objects) < 8 || decoder.More() {
			continue
		}
		read++
		for _, other := range otherJSON {
			checkWritten(t, log.path, "objects.txt", other.name, other.write(objects))
		}
	}
	if read < 5 {
		t.Errorf("only %d logs were read", read)
	}
}
