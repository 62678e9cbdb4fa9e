package live

import (
	"strings"
	"testing"
)

// A page that was away is told what it missed, as long as that is known, and else begins anew.
func TestPagesCatchUp(t *testing.T) {
	h := newHub()
	h.publish([]byte("1"))
	after := h.now()
	h.publish([]byte("2"))
	h.publish([]byte("3"))
	take := func(after string) string {
		l, ok := h.listen(after)
		if !ok {
			t.Fatal("no listener more")
		}
		defer h.leave(l)
		var text strings.Builder
		for _, event := range h.take(l) {
			text.Write(event)
		}
		return text.String()
	}
	if text := take(after); strings.Count(text, "event: update") != 2 || !strings.Contains(text, "data: 2\n\nid: "+h.now()+"\n") {
		t.Errorf("after %s: %q", after, text)
	}
	if text := take(h.now()); text != "" {
		t.Errorf("after the last: %q", text)
	}
	for _, unknown := range []string{"", "other-1", h.instance + "-9", h.instance + "-x", h.instance} {
		if text := take(unknown); !strings.Contains(text, `{"reset":true}`) || !strings.Contains(text, h.now()) {
			t.Errorf("after %q: %q", unknown, text)
		}
	}
	for range keptEvents {
		h.publish([]byte(strings.Repeat("x", 100)))
	}
	if text := take(after); !strings.Contains(text, `{"reset":true}`) {
		t.Errorf("after an event that is gone: %.100q", text)
	}
	for range 10 {
		h.publish([]byte(strings.Repeat("x", keptBytes/4)))
	}
	if len(h.events) > 4 || h.bytes > keptBytes+100 {
		t.Errorf("%d events of %d bytes are kept", len(h.events), h.bytes)
	}
	for range mostListeners {
		if _, ok := h.listen(""); !ok {
			t.Fatal("too few listeners")
		}
	}
	if _, ok := h.listen(""); ok {
		t.Error("as many listeners as one likes")
	}
}
