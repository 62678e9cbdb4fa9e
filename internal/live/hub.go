package live

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

const (
	// keptEvents and keptBytes bound what a page that was away can catch up with.
	keptEvents, keptBytes = 512, 4 << 20
	// mostListeners bounds the pages that are told of events at a time.
	mostListeners = 256
)

// hub holds the last events, each encoded once for all listeners.
type hub struct {
	instance string // of this start of the server

	mutex     sync.Mutex
	events    [][]byte // the latest ones
	last      uint64   // number of the last event; the first has 1
	bytes     int
	listeners map[*listener]bool
}

// listener is woken when there are events that it was not told of.
type listener struct {
	wake chan struct{}
	told uint64
}

func newHub() *hub {
	var random [4]byte
	rand.Read(random[:]) // never fails
	return &hub{instance: hex.EncodeToString(random[:]), listeners: map[*listener]bool{}}
}

// id names an event.
func (h *hub) id(number uint64) string { return h.instance + "-" + strconv.FormatUint(number, 10) }

// now is the id of the last event.
func (h *hub) now() string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return h.id(h.last)
}

// publish adds an event with some data, a line of JSON.
func (h *hub) publish(data []byte) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.last++
	event := encodeEvent(h.id(h.last), data)
	h.events = append(h.events, event)
	h.bytes += len(event)
	for len(h.events) > keptEvents || h.bytes > keptBytes && len(h.events) > 1 {
		h.bytes -= len(h.events[0])
		h.events[0] = nil
		h.events = h.events[1:]
	}
	for l := range h.listeners {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

func encodeEvent(id string, data []byte) []byte {
	return fmt.Appendf(nil, "id: %s\nevent: update\ndata: %s\n\n", id, data)
}

// listen adds a listener that was told of events up to the one with an id. It is false where there are too many.
func (h *hub) listen(after string) (*listener, bool) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if len(h.listeners) >= mostListeners {
		return nil, false
	}
	l := &listener{wake: make(chan struct{}, 1), told: forgotten}
	if instance, number, ok := strings.Cut(after, "-"); ok && instance == h.instance {
		if told, err := strconv.ParseUint(number, 10, 64); err == nil && told <= h.last {
			l.told = told
		}
	}
	h.listeners[l] = true
	l.wake <- struct{}{}
	return l, true
}

// forgotten is told of a listener that has to begin anew.
const forgotten = ^uint64(0)

func (h *hub) leave(l *listener) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	delete(h.listeners, l)
}

// take returns the events that a listener was not told of, or a reset where they are gone.
func (h *hub) take(l *listener) [][]byte {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	first := h.last - uint64(len(h.events)) + 1
	told := l.told
	l.told = h.last
	if told == forgotten || told+1 < first {
		return [][]byte{encodeEvent(h.id(h.last), []byte(`{"reset":true}`))}
	}
	return append([][]byte(nil), h.events[told+1-first:]...)
}
