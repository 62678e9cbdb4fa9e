package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestDataScripts(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/cifar-10-binary.tar.gz" {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte("something else"))
	}))
	t.Cleanup(server.Close) // scripts run after this function has returned
	testscript.Run(t, testscript.Params{
		Files: scripts(t, "testdata/data*.txtar"),
		Setup: func(env *testscript.Env) error {
			env.Setenv("ALRC_TEST_COMMAND", "1")
			env.Setenv("ALRC", program)
			env.Setenv("URL", server.URL)
			return nil
		},
	})
}
