package jsonstream

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestStream(t *testing.T) {
	const document = `{"a": [1, -2.5e3,null], "b\"\u00e9": {"c": "d\n", "e": true}} {'f"': 1}`
	want := []string{"0 {", "2 a", "0 [", "4 1", "4 -2.5e3", "4 null", "1 ]", "2 b\"\u00e9", "0 {", "2 c", "3 d\n", "2 e", "4 true", "1 }", "1 }", "0 {", "2 f\"", "4 1", "1 }"}
	s := Stream{R: bufio.NewReader(strings.NewReader(document))}
	for i, part := range want {
		event, err := s.Next()
		if got := fmt.Sprintf("%d %s", event, s.Text); err != nil || got != part {
			t.Errorf("part %d is %q, not %q: %v", i, got, part, err)
		}
	}
	if _, err := s.Next(); err != io.EOF || len(s.Stack) > 0 {
		t.Errorf("at the end: %v, %q open", err, s.Stack)
	}
	for _, damaged := range []string{"]", `"\u00zz"`, strings.Repeat("[", 2000)} {
		s := Stream{R: bufio.NewReader(strings.NewReader(damaged))}
		var err error
		for err == nil {
			_, err = s.Next()
		}
		if err != errDamaged {
			t.Errorf("%.10s: %v", damaged, err)
		}
	}
}

// The rest of an object is one line, and what follows is read on.
func TestRest(t *testing.T) {
	s := Stream{R: bufio.NewReader(strings.NewReader("{\"a\": {\"b\": [1,\n2], \"c\": \"}\\\"\"\r\n}, \"d\": 3}"))}
	for range 3 {
		s.Next()
	}
	if rest, err := s.Rest(100); err != nil || string(rest) != `"b": [1, 2], "c": "}\""  }` {
		t.Errorf("read %q: %v", rest, err)
	}
	if event, err := s.Next(); err != nil || event != Key || string(s.Text) != "d" {
		t.Errorf("after it: %d %q: %v", event, s.Text, err)
	}
	s = Stream{R: bufio.NewReader(strings.NewReader(`[1, 2, 3, 4]`))}
	s.Next()
	if _, err := s.Rest(3); err != ErrLong {
		t.Errorf("too long: %v", err)
	}
}
