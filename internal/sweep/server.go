package sweep

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"alrc/internal/atomicfile"
)

// Access is what server.json tells processes on this machine of the sweep's own server. Only the folder's owner may
// read that file.
type Access struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

// Access returns how to reach the server of the sweep in this folder; its absence is an error that wraps fs.ErrNotExist.
func (f *Folder) Access() (Access, error) {
	var a Access
	content, err := os.ReadFile(f.path(serverFile))
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(content, &a); err != nil || a.URL == "" || a.Token == "" {
		return a, fmt.Errorf("%s does not tell a server's url and token; delete it and run the sweep again to have it written anew",
			f.path(serverFile))
	}
	return a, nil
}

// AwaitEnd waits until the sweep's own server is gone, which ends with the sweep. It is false where the context ends before.
func (f *Folder) AwaitEnd(ctx context.Context) bool {
	for {
		if _, err := f.Access(); errors.Is(err, fs.ErrNotExist) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(idle):
		}
	}
}

// Connection says how to reach that server.
func (a Access) Connection() Connection { return Connection{URL: a.URL, token: a.Token} }

// localServer is a NATS server in this process, with its store in the sweep's folder.
type localServer struct {
	server *server.Server
	Access
}

// startServer starts the sweep's own server. It listens on this machine alone, takes no one without the token, and
// syncs what it stores before it acknowledges. The address and token of the last time are kept where they can be, so
// that workers of the sweep find it again.
func (f *Folder) startServer() (*localServer, error) {
	a, err := f.Access()
	if errors.Is(err, fs.ErrNotExist) {
		random := make([]byte, 24)
		if _, err := rand.Read(random); err != nil {
			return nil, err
		}
		a = Access{Token: hex.EncodeToString(random)}
	} else if err != nil {
		return nil, err
	}
	options := &server.Options{
		ServerName:    "alrc-" + f.Plan.ID(),
		Host:          "127.0.0.1",
		Port:          freePort(a.URL),
		Authorization: a.Token,
		JetStream:     true,
		StoreDir:      f.path(storeFolder),
		SyncAlways:    true,
		NoSigs:        true,
		NoLog:         true,
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("start the sweep's server: %w", err)
	}
	log := &serverLog{}
	s.SetLoggerV2(log, false, false, false)
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		s.Shutdown()
		return nil, fmt.Errorf("start the sweep's server with its store in %s: %w", options.StoreDir, log.err())
	}
	if !s.JetStreamEnabled() {
		s.Shutdown()
		return nil, fmt.Errorf("start the queue with its store in %s: %w", options.StoreDir, log.err())
	}
	a.URL = "nats://" + s.Addr().String()
	if err := writePrivate(f.path(serverFile), a); err != nil {
		s.Shutdown()
		return nil, err
	}
	return &localServer{s, a}, nil
}

func (s *localServer) stop() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}

// connection reaches the server within this process.
func (s *localServer) connection() Connection {
	c := s.Access.Connection()
	c.options = []nats.Option{nats.InProcessServer(s.server)}
	return c
}

// freePort is the port of an address where nothing listens there, else one that the system chooses.
func freePort(address string) int {
	u, err := url.Parse(address)
	if err != nil {
		return server.RANDOM_PORT
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return server.RANDOM_PORT
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", u.Port()))
	if err != nil {
		return server.RANDOM_PORT
	}
	listener.Close()
	return port
}

// writePrivate writes a file that only its owner may read, never otherwise.
func writePrivate(path string, value any) error {
	content, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return atomicfile.WritePrivate(path, append(content, '\n'))
}

// serverLog keeps the first error that the server logged: those after it mostly follow from it.
type serverLog struct {
	mutex sync.Mutex
	first error
}

func (l *serverLog) err() error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.first == nil {
		return errors.New("it did not start within 20 seconds")
	}
	return l.first
}

func (l *serverLog) keep(format string, arguments []any) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.first == nil {
		l.first = fmt.Errorf(format, arguments...)
	}
}

func (l *serverLog) Noticef(string, ...any)                 {}
func (l *serverLog) Warnf(string, ...any)                   {}
func (l *serverLog) Debugf(string, ...any)                  {}
func (l *serverLog) Tracef(string, ...any)                  {}
func (l *serverLog) Fatalf(format string, arguments ...any) { l.keep(format, arguments) }
func (l *serverLog) Errorf(format string, arguments ...any) { l.keep(format, arguments) }
