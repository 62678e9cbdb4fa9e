package watch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"time"
)

// Notifier tells others of alerts, one after another, while the watch goes on.
type Notifier struct {
	exec, webhook string
	stdout        io.Writer
	problem       func(error)
	queue         chan Alert
	done          chan struct{}
	ctx           context.Context
	cancel        context.CancelFunc
}

// patience is how long the end of a watch waits for what is still to be told.
const patience = 15 * time.Second

// NewNotifier returns a notifier that runs a shell command, posts to a URL, or both: "" is neither. What the command
// writes goes to stdout, and what goes wrong to problem.
func NewNotifier(command, webhook string, stdout io.Writer, problem func(error)) *Notifier {
	n := &Notifier{exec: command, webhook: webhook, stdout: stdout, problem: problem, queue: make(chan Alert, 100), done: make(chan struct{})}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	go func() {
		defer close(n.done)
		for a := range n.queue {
			n.tell(a)
		}
	}()
	return n
}

// Tell tells of an alert soon. It does not wait; of more than a hundred that wait, further ones are dropped.
func (n *Notifier) Tell(a Alert) {
	if n.exec == "" && n.webhook == "" {
		return
	}
	select {
	case n.queue <- a:
	default:
		n.problem(fmt.Errorf("too many alerts at once: this one was not passed on: %s", a))
	}
}

// Close waits until all is told, but not for long.
func (n *Notifier) Close() {
	close(n.queue)
	select {
	case <-n.done:
	case <-time.After(patience):
		n.cancel()
		<-n.done
	}
	n.cancel()
}

func (n *Notifier) tell(a Alert) {
	if n.exec != "" && !a.Over {
		shell, flag := "sh", "-c"
		if os.PathSeparator == '\\' {
			shell, flag = "cmd", "/C"
		}
		run := exec.CommandContext(n.ctx, shell, flag, n.exec)
		run.Env = append(os.Environ(), a.Environment()...)
		run.Stdout, run.Stderr = n.stdout, n.stdout
		run.WaitDelay = time.Second
		if err := run.Run(); n.ctx.Err() != nil {
			n.problem(fmt.Errorf("the command of --exec took more than %v after the end, and was stopped", patience))
		} else if err != nil {
			n.problem(fmt.Errorf("the command of --exec: %w", err))
		}
	}
	if n.webhook != "" {
		if err := n.post(a); err != nil {
			n.problem(fmt.Errorf("the webhook: %w", err))
		}
	}
}

// post sends the alert as the JSON that chat tools take: Slack, Mattermost, Teams and Google Chat read "text", Discord
// reads "content".
func (n *Notifier) post(a Alert) error {
	text := a.String()
	body, err := json.Marshal(map[string]string{"text": text, "content": text})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(n.ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, n.webhook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if sending := (*url.Error)(nil); errors.As(err, &sending) {
		return sending.Err // without the URL: who knows it can post there
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(response.Body, 200))
	if response.StatusCode >= 300 {
		return fmt.Errorf("it answered %s: %s", response.Status, bytes.TrimSpace(said))
	}
	return nil
}
