package live

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// policy lets a page load what this server serves, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:;" +
	" base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// cookieName tells servers on several ports of a machine apart, which browsers do not.
func cookieName(r *http.Request) string {
	_, port, _ := net.SplitHostPort(r.Host)
	return "alrc-token-" + port
}

// guard lets requests through that may be answered: those of pages that this server served, to a name that is this machine's,
// and with the token where there is one.
type guard struct {
	next  http.Handler
	token string          // "" where only this machine can ask
	names map[string]bool // of hosts, in lower case
}

// newGuard makes a guard for a server at an address.
func newGuard(next http.Handler, host, token string) *guard {
	g := &guard{next: next, token: token, names: map[string]bool{"localhost": true}}
	if host != "" {
		g.names[strings.ToLower(host)] = true
	}
	if name, err := os.Hostname(); err == nil && token != "" {
		name = strings.ToLower(name)
		short, _, _ := strings.Cut(name, ".")
		g.names[name], g.names[short], g.names[short+".local"] = true, true, true
	}
	return g
}

// newToken makes a token that nobody guesses.
func newToken() string {
	var random [16]byte
	rand.Read(random[:]) // never fails
	return hex.EncodeToString(random[:])
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "this server only reads: use GET")
	case !g.knows(r.Host):
		// A foreign name that leads here may belong to a page that wants to read what only this machine may.
		refuse(w, http.StatusMisdirectedRequest, "this server is not known by that name: use the address that it printed")
	case !ownOrigin(r):
		refuse(w, http.StatusForbidden, "a page of another site asked; it gets no answer")
	case g.token != "" && !g.admits(w, r):
	default:
		g.next.ServeHTTP(w, r)
	}
}

// knows says whether a request's host is this machine: a number, or a name that is expected. A page of a foreign site has a name
// in its address, whatever number that leads to.
func (g *guard) knows(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if address, err := netip.ParseAddr(host); err == nil {
		return g.token != "" || address.Unmap().IsLoopback()
	}
	return g.names[strings.ToLower(host)]
}

// ownOrigin says whether a request comes from a page of this server, or from none.
func ownOrigin(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host && origin != "https://"+r.Host {
		return false
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	// A link elsewhere may lead here, but nothing is embedded there.
	return r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// admits says whether a request has the token. One that has it in its address is sent on without it, with a cookie.
func (g *guard) admits(w http.ResponseWriter, r *http.Request) bool {
	query := r.URL.Query()
	if g.is(query.Get("token")) {
		http.SetCookie(w, &http.Cookie{Name: cookieName(r), Value: g.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
			MaxAge: 90 * 24 * 3600, Secure: r.TLS != nil})
		query.Del("token")
		to := *r.URL
		// The path alone, so that it never leads to another server.
		to.Scheme, to.Host, to.User, to.RawQuery = "", "", nil, query.Encode()
		to.Path = "/" + strings.TrimLeft(to.Path, "/\\")
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, to.String(), http.StatusSeeOther)
		return false
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && g.is(bearer) {
		return true
	}
	if cookie, err := r.Cookie(cookieName(r)); err == nil && g.is(cookie.Value) {
		return true
	}
	refuse(w, http.StatusUnauthorized, "the token is missing or wrong: open the whole address that the server printed")
	return false
}

func (g *guard) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(g.token)) == 1
}
