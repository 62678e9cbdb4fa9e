package sweep

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/nats-io/nats.go"
)

// Connection says how to reach a NATS server.
type Connection struct {
	// URL is one address or several with commas between: nats://host:4222, or tls://. It may have a user and password,
	// or a token, before the host.
	URL string
	// Credentials is a file of a user's JWT and seed, as nsc writes it.
	Credentials string
	// CA is a file of certificates to trust instead of the system's; Certificate and Key are files of the client's own.
	CA, Certificate, Key string
	// Report, where not nil, is told in words when the server goes away and comes back.
	Report func(string)

	token   string
	options []nats.Option
}

// dial connects, and goes on connecting anew whenever the server was away.
func (c Connection) dial() (*nats.Conn, error) {
	report := c.Report
	if report == nil {
		report = func(string) {}
	}
	options := append([]nats.Option{
		nats.Name("alrc"),
		nats.Timeout(5 * time.Second),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.ReconnectJitter(200*time.Millisecond, time.Second),
		nats.PingInterval(10 * time.Second),
		nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				report(fmt.Sprintf("The server at %s went away (%v); work goes on, and waits for it where it must.", c.Address(), err))
			}
		}),
		nats.ReconnectHandler(func(*nats.Conn) { report(fmt.Sprintf("The server at %s is back.", c.Address())) }),
		// Errors that concern a call come back from the call.
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}, c.options...)
	if c.token != "" {
		options = append(options, nats.Token(c.token))
	}
	if c.Credentials != "" {
		options = append(options, nats.UserCredentials(c.Credentials))
	}
	if c.CA != "" {
		options = append(options, nats.RootCAs(c.CA))
	}
	if (c.Certificate == "") != (c.Key == "") {
		return nil, errors.New("a client's certificate and its key go together: give both")
	}
	if c.Certificate != "" {
		options = append(options, nats.ClientCert(c.Certificate, c.Key))
	}
	connection, err := nats.Connect(c.URL, options...)
	if err == nil {
		return connection, nil
	}
	switch {
	case errors.Is(err, nats.ErrAuthorization):
		err = fmt.Errorf("%w: the token, password or credentials are not the server's", err)
	case errors.Is(err, nats.ErrNoServers) || errors.Is(err, nats.ErrTimeout):
		err = fmt.Errorf("%w: is it running, and does nothing block the way there?", err)
	}
	return nil, fmt.Errorf("connect to the NATS server at %s: %w", c.Address(), err)
}

// Address is the URL without passwords, for messages.
func (c Connection) Address() string {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" {
		// Several addresses, or one without a scheme: say nothing rather than a password.
		for i := len(c.URL) - 1; i >= 0; i-- {
			if c.URL[i] == '@' {
				return c.URL[i+1:]
			}
		}
		return c.URL
	}
	return u.Host
}
