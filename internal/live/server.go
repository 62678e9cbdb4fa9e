package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"time"

	"alrc/internal/curve"
	"alrc/internal/losslog"
	"alrc/internal/sweep"
)

// Options are what to serve, and where.
type Options struct {
	// Places are folders of runs, sweeps' folders and logs. Without one, the newest of runs/ and sweeps/ in the working folder are
	// served, and what comes there.
	Places []string
	// Address is a host and a port to listen at; "" is a free port of this machine alone. A host that others reach asks for a
	// token.
	Address string
	// Token is that token; "" makes one.
	Token string
	// Title names what is served, and Program the program.
	Title, Program string
	// Connection says how to reach the queue of sweeps that have no server of their own.
	Connection sweep.Connection
	// Log says how logs are read.
	Log losslog.Options
	// DataDir is the folder where the data of runs lie on this machine, for pictures of examples; "" is where runs say.
	DataDir string
}

// Server serves pages. Make one with [Listen].
type Server struct {
	// URL is the address for a browser, with the token where there is one.
	URL string

	options  Options
	listener net.Listener
	catalog  *catalog
	examples *examples
}

// preferredPort is taken where it is free, so that a page finds a server that was started anew.
const preferredPort = "8257"

// UsageError is an error of what the user asked for.
type UsageError struct{ Err error }

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Listen begins to listen; [Server.Run] answers.
func Listen(o Options) (*Server, error) {
	above, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	f, err := newFinder(above, o.Places, o.Log)
	if err != nil {
		return nil, &UsageError{err}
	}
	s := &Server{options: o, catalog: newCatalog(f, o.Log, o.Connection), examples: newExamples(o.DataDir)}
	host := "127.0.0.1"
	if o.Address == "" {
		if s.listener, err = net.Listen("tcp", net.JoinHostPort(host, preferredPort)); err != nil {
			s.listener, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
		}
	} else {
		var port string
		if host, port, err = net.SplitHostPort(o.Address); err != nil {
			return nil, &UsageError{fmt.Errorf("the address %q is not HOST:PORT, such as 127.0.0.1:8080", o.Address)}
		}
		if s.listener, err = net.Listen("tcp", net.JoinHostPort(host, port)); err != nil {
			if at := (*net.OpError)(nil); errors.As(err, &at) { // which names the address once more
				err = at.Err
			}
			return nil, &UsageError{fmt.Errorf("listen at %s: %w; give another address, such as 127.0.0.1:0 for a port that is free", o.Address, err)}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("listen at this machine: %w", err)
	}
	s.address(host)
	return s, nil
}

// address settles the URL, and the token where others than this machine can reach it.
func (s *Server) address(host string) {
	at := s.listener.Addr().(*net.TCPAddr)
	if at.IP.IsLoopback() {
		s.options.Token = ""
	} else if s.options.Token == "" {
		s.options.Token = newToken()
	}
	shown := host
	if address, err := netip.ParseAddr(host); host == "" || err == nil && address.IsUnspecified() {
		if shown, err = os.Hostname(); err != nil {
			shown = "localhost"
		}
	}
	u := url.URL{Scheme: "http", Host: net.JoinHostPort(shown, strconv.Itoa(at.Port)), Path: "/"}
	if s.options.Token != "" {
		u.RawQuery = url.Values{"token": {s.options.Token}}.Encode()
	}
	s.URL = u.String()
	s.options.Address = host
}

// Run answers until the context ends.
func (s *Server) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.catalog.run(ctx)
	}()
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    1 << 16,
		ErrorLog:          log.New(io.Discard, "", 0),
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(s.listener)
	cancel()
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// handler answers requests.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { servePage(w, r, "index.html") })
	mux.HandleFunc("GET /page/{name}", func(w http.ResponseWriter, r *http.Request) { servePage(w, r, r.PathValue("name")) })
	mux.HandleFunc("GET /api/overview", func(w http.ResponseWriter, r *http.Request) {
		o := s.catalog.overview()
		o.Title, o.Program = s.options.Title, s.options.Program
		answer(w, o, nil)
	})
	mux.HandleFunc("GET /api/curve", s.serveCurve)
	mux.HandleFunc("GET /api/step", s.serveStep)
	mux.HandleFunc("GET /api/picture", s.servePicture)
	mux.HandleFunc("GET /api/events", s.serveEvents)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "there is nothing at this address")
	})
	return newGuard(mux, s.options.Address, s.options.Token)
}

// refuse answers with what is wrong.
func refuse(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(Problem{text})
}

// requestError is what is wrong with a request.
type requestError struct{ error }

func wrong(format string, arguments ...any) error {
	return requestError{fmt.Errorf(format, arguments...)}
}

// answer answers with JSON, or with what is wrong.
func answer(w http.ResponseWriter, what any, err error) {
	var request requestError
	switch {
	case err == nil:
	case errors.Is(err, errNoRun):
		refuse(w, http.StatusNotFound, err.Error())
		return
	case errors.As(err, &request):
		refuse(w, http.StatusBadRequest, err.Error())
		return
	default:
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(what)
}

// number reads a number of a query, a default one where it is left out.
func number(r *http.Request, name string, without, least, most int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return without, nil
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value < least || value > most {
		return 0, wrong("%s is %.40q, not a whole number from %d to %d", name, text, least, most)
	}
	return value, nil
}

const mostSteps = 1 << 53 // what a browser can tell apart

func (s *Server) serveCurve(w http.ResponseWriter, r *http.Request) {
	c, err := s.curve(r)
	answer(w, c, err)
}

func (s *Server) curve(r *http.Request) (c curve.Curve, err error) {
	q := curve.Query{Loss: r.URL.Query().Get("loss")}
	points := int64(0)
	for _, n := range []struct {
		to                   *int64
		name                 string
		without, least, most int64
	}{{&q.From, "from", 0, 0, mostSteps}, {&q.To, "to", 0, 0, mostSteps}, {&points, "points", 1000, 1, 4000}, {&q.Smooth, "smooth", 0, 0, 1 << 32}} {
		if *n.to, err = number(r, n.name, n.without, n.least, n.most); err != nil {
			return c, err
		}
	}
	q.Points = int(points)
	e, err := s.catalog.use(r.Context(), r.URL.Query().Get("run"))
	if err != nil {
		return c, err
	}
	return e.draw(q)
}

// serveEvents tells what changes, as server-sent events, for as long as the page listens.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = r.URL.Query().Get("after")
	}
	hub := s.catalog.hub
	l, ok := hub.listen(after)
	if !ok {
		refuse(w, http.StatusServiceUnavailable, "too many pages listen at a time: close some")
		return
	}
	defer hub.leave(l)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	control := http.NewResponseController(w)
	// A page that takes nothing must not be waited for.
	const patience = 20 * time.Second
	io.WriteString(w, "retry: 2000\n\n")
	for {
		for _, event := range hub.take(l) {
			control.SetWriteDeadline(time.Now().Add(patience))
			if _, err := w.Write(event); err != nil {
				return
			}
		}
		control.SetWriteDeadline(time.Now().Add(patience))
		if control.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-l.wake:
		}
	}
}
