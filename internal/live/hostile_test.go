package live

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// raw sends a request as it is, which clients would tidy up, and returns the answer.
func (s *served) raw(request string) string {
	s.t.Helper()
	address := strings.TrimPrefix(s.url, "http://")
	connection, err := net.Dial("tcp", address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(connection, "%s\r\nHost: %s\r\nConnection: close\r\n\r\n", request, address)
	answer, err := io.ReadAll(connection)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(answer)
}

// do sends a request with headers and returns the status and the answer's headers.
func (s *served) do(method, path string, headers ...string) *http.Response {
	s.t.Helper()
	request, err := http.NewRequest(method, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			request.Host = headers[i+1]
		}
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	response.Body.Close()
	return response
}

func TestForeignPagesGetNothing(t *testing.T) {
	s := serve(t, Options{Places: []string{t.TempDir()}})
	port := s.url[strings.LastIndexByte(s.url, ':'):]
	for _, test := range []struct {
		method  string
		headers []string
		want    int
	}{
		{"GET", nil, 200},
		{"HEAD", nil, 200},
		{"GET", []string{"Host", "localhost" + port}, 200},
		{"GET", []string{"Host", "[::1]" + port}, 200},
		{"GET", []string{"Origin", s.url, "Sec-Fetch-Site", "same-origin"}, 200},
		{"GET", []string{"Host", "evil.example" + port}, 421}, // a name that was rebound to this machine
		{"GET", []string{"Host", "127.0.0.1.evil.example" + port}, 421},
		{"GET", []string{"Host", "192.0.2.7" + port}, 421},
		{"GET", []string{"Host", "localhost.evil.example" + port}, 421},
		{"GET", []string{"Origin", "http://evil.example"}, 403},
		{"GET", []string{"Origin", "null"}, 403},
		{"GET", []string{"Origin", "http://127.0.0.1:1"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "script"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		{"POST", nil, 405}, {"PUT", nil, 405}, {"DELETE", nil, 405}, {"OPTIONS", nil, 405},
	} {
		for _, path := range []string{"/", "/api/overview"} {
			r := s.do(test.method, path, test.headers...)
			if r.StatusCode != test.want {
				t.Errorf("%s %s with %q gives %d, not %d", test.method, path, test.headers, r.StatusCode, test.want)
			}
			if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") ||
				r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s has the headers %v", test.method, path, r.Header)
			}
		}
	}
}

func TestNoPathLeavesTheFolders(t *testing.T) {
	above := t.TempDir()
	write(t, filepath.Join(above, "secret.csv"), header+rows(1, 77))
	write(t, filepath.Join(above, "secret.yaml"), "clip: the-secret\n")
	makeRun(t, filepath.Join(above, "elsewhere"), "none", 77)
	inside := filepath.Join(above, "inside")
	makeRun(t, filepath.Join(inside, "plain"), "none", 10)
	makeRun(t, filepath.Join(inside, "linked"), "none", 0)
	links := map[string]string{"linked/metrics.csv": "../../secret.csv", "folder": "../elsewhere", "linked/clips.csv": "../../secret.csv",
		"linked/result.json": "../../secret.yaml", "again": "plain", "loop": "."}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(inside, name)); err != nil {
			t.Skip(err)
		}
	}
	s := serve(t, Options{Places: []string{inside}})
	linked := s.awaitRun("linked", "its problem", func(r Run) bool { return strings.Contains(r.Problem, "leads out of the folder") })
	if linked.Step != 0 {
		t.Errorf("a table outside of the folder was read to step %d", linked.Step)
	}
	o := s.await("the others", func(o Overview) bool { r := o.run("plain"); return r != nil && r.Step == 10 })
	// What links within the folder lead to is there once.
	if len(o.Runs) != 2 || len(o.Notes) != 1 || !strings.Contains(o.Notes[0], "leads out of the folder") {
		t.Errorf("runs: %+v, notes: %q", o.Runs, o.Notes)
	}
	if c := s.curve(linked.ID, ""); len(c.Step) != 0 {
		t.Errorf("it has a curve of %d points", len(c.Step))
	}
	for _, path := range []string{"/../secret.yaml", "/page/../../secret.yaml", "/page/..%2f..%2fsecret.yaml", "/page/%2e%2e/%2e%2e/secret.yaml", "/page//etc/passwd",
		"/page/page.go", "/page/..%5c..%5csecret.yaml", "/api/curve?run=../secret", "/api/curve?run=%2fetc%2fpasswd", "/secret.yaml", "/inside/plain/run.yaml",
		"/api/picture?run=" + linked.ID + "&step=1&image=../../secret.yaml", "/api/step?run=../../secret.yaml&step=1"} {
		answer := s.raw("GET " + path + " HTTP/1.1")
		if strings.HasPrefix(answer, "HTTP/1.1 200") || strings.Contains(answer, "the-secret") || strings.Contains(answer, "root:") {
			t.Errorf("%s gives %.300s", path, answer)
		}
	}
}

// What is in the files is text, however it looks.
func TestNamesAreText(t *testing.T) {
	above := t.TempDir()
	name := "<script>alert(1)<\x2fscript>"
	if runtime.GOOS == "windows" {
		t.Skip("no folder can have such a name")
	}
	name = strings.ReplaceAll(name, "/", "∕")
	makeRun(t, filepath.Join(above, name), `"<img src=x onerror=alert(1)>"`, 10)
	s := serve(t, Options{Places: []string{above}, Title: "<b>"})
	r := s.awaitRun(name, "10 steps", func(r Run) bool { return r.Step == 10 })
	if r.Clip != "<img src=x onerror=alert(1)>" {
		t.Errorf("its clipping is %q", r.Clip)
	}
	status, body := s.get("/api/overview")
	if status != 200 || strings.ContainsAny(body, "<>") {
		t.Errorf("%d %s", status, body)
	}
	for path, want := range map[string]string{"/api/overview": "application/json", "/api/curve?run=<script>": "application/json", "/nothing<script>": "application/json",
		"/": "text/html; charset=utf-8", "/page/main.js": "text/javascript; charset=utf-8"} {
		if got := s.do("GET", path).Header.Get("Content-Type"); got != want {
			t.Errorf("%s is %s", path, got)
		}
	}
}

// Files that are no run's are survived, and the others are served.
func TestHostileFilesAreSurvived(t *testing.T) {
	above := t.TempDir()
	makeRun(t, filepath.Join(above, "good"), "none", 10)
	makeRun(t, filepath.Join(above, "foreign"), "none", 0)
	write(t, filepath.Join(above, "foreign", "metrics.csv"), "root:x:0:0\n")
	makeRun(t, filepath.Join(above, "huge"), "none", 10)
	for _, name := range []string{"result.json", "clips.csv"} {
		write(t, filepath.Join(above, "huge", name), "")
		if err := os.Truncate(filepath.Join(above, "huge", name), 3<<30); err != nil { // a hole, which takes no room
			t.Fatal(err)
		}
	}
	makeRun(t, filepath.Join(above, "endless"), "none", 10)
	extend(t, filepath.Join(above, "endless", "metrics.csv"), strings.Repeat("x", 3<<20))
	makeRun(t, filepath.Join(above, "yaml"), "none", 10)
	write(t, filepath.Join(above, "yaml", "run.yaml"), "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b\n")
	write(t, filepath.Join(above, "plan", "plan.json"), `{"runs":[{"id":"x","label":"../../x"}]}`)
	pipes(t, filepath.Join(above, "good"))
	s := serve(t, Options{Places: []string{above}})
	for _, name := range []string{"foreign", "huge", "endless", "yaml"} {
		s.awaitRun(name, "its problem", func(r Run) bool {
			return r.Problem != "" && len(r.Problem) < 1000 && (r.Step == 10) == (name != "foreign")
		})
	}
	o := s.await("the good one", func(o Overview) bool { return o.run("good").Step == 10 })
	if len(o.Notes) != 1 || !strings.Contains(o.Notes[0], "plan") {
		t.Errorf("notes: %q", o.Notes)
	}
	id := o.run("huge").ID
	for _, path := range []string{"/api/step?run=" + id + "&step=5", "/api/curve?run=" + id} {
		if status, body := s.get(path); status != 200 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, more := range []string{"&points=0", "&points=5000", "&points=x", "&from=-1", "&to=1e9", "&loss=nothing", "&smooth=-3", "&from=99999999999999999999"} {
		if status, _ := s.get("/api/curve?run=" + id + more); status != 400 {
			t.Errorf("%s gives %d", more, status)
		}
	}
	if c := s.curve(id, "&from=9&to=3"); len(c.Step) != 0 {
		t.Errorf("a range that ends before it begins has %v", c.Step)
	}
}

func TestOthersNeedTheToken(t *testing.T) {
	s := serve(t, Options{Places: []string{t.TempDir()}, Address: "0.0.0.0:0"})
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	token := u.Query().Get("token")
	_, port, err := net.SplitHostPort(u.Host)
	if err != nil || len(token) < 32 {
		t.Fatalf("the address is %s", s.URL)
	}
	s.url = "http://127.0.0.1:" + port
	for path, want := range map[string]int{"/": 401, "/api/overview": 401, "/api/events": 401, "/page/main.js": 401, "/?token=": 401, "/?token=wrong": 401,
		"/api/overview?token=" + token[:31]: 401} {
		if got := s.do("GET", path).StatusCode; got != want {
			t.Errorf("%s gives %d, not %d", path, got, want)
		}
	}
	for _, path := range []string{"/?token=" + token + "&run=1#x", "//evil.example/?token=" + token, "/%5cevil.example?token=" + token} {
		r := s.do("GET", path)
		to, err := url.Parse(r.Header.Get("Location"))
		if r.StatusCode != 303 && r.StatusCode != 307 || err != nil || to.Host != "" || strings.Contains(to.RawQuery, "token") && r.StatusCode == 303 {
			t.Errorf("%s gives %d to %s", path, r.StatusCode, r.Header.Get("Location"))
		}
	}
	cookies := s.do("GET", "/?token="+token).Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly {
		t.Fatalf("cookies: %v", cookies)
	}
	cookie := cookies[0].Name + "=" + cookies[0].Value
	for _, test := range []struct {
		headers []string
		want    int
	}{
		{[]string{"Cookie", cookie}, 200},
		{[]string{"Cookie", cookie[:len(cookie)-1] + "x"}, 401},
		{[]string{"Authorization", "Bearer " + token}, 200},
		{[]string{"Authorization", "Bearer x"}, 401},
		{[]string{"Cookie", cookie, "Host", "192.0.2.7:" + port}, 200}, // an address of this machine that others know
		{[]string{"Cookie", cookie, "Host", "evil.example:" + port}, 421},
		{[]string{"Cookie", cookie, "Origin", "http://evil.example"}, 403},
	} {
		if got := s.do("GET", "/api/overview", test.headers...).StatusCode; got != test.want {
			t.Errorf("%q gives %d, not %d", test.headers, got, test.want)
		}
	}
	alone := serve(t, Options{Places: []string{t.TempDir()}, Token: "unused"})
	if strings.Contains(alone.URL, "token") || alone.do("GET", "/").StatusCode != 200 {
		t.Errorf("this machine alone is asked for a token: %s", alone.URL)
	}
}
