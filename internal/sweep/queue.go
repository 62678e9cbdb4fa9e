package sweep

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"alrc/internal/curve"
	"alrc/internal/runfolder"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A sweep is four things on a server, all named by its ID, so that many sweeps can be on one:
// a work-queue stream with a message for each run that is not done, a consumer of it that all workers share, a
// key-value bucket with a [record] for each run, and an object store with checkpoints that were handed over and results.
//
// A message says only that a run is to be done; what became of it, its record says. Records change by comparing and
// swapping, so a run that two workers finished is done once.
const queuePrefix = "alrc-sweep-"

const (
	consumerName     = "workers"
	checkpointPrefix = "checkpoint/"
	resultPrefix     = "result/"
)

// State is where a run stands.
type State string

// The states of a run.
const (
	Waiting State = "waiting"
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed" // set aside after maxFailures
)

// maxFailures is how often a run may fail before it is set aside. Runs that diverge do not fail: that is their result.
const maxFailures = 3

// Failure is one time that a run failed.
type Failure struct {
	Worker string    `json:"worker"`
	Step   int64     `json:"step"`
	Error  string    `json:"error"`
	Time   time.Time `json:"time"`
}

// record is what is known of a run.
type record struct {
	State State `json:"state"`
	// Worker is who has the run, or had it last, and Since when that one took it.
	Worker string    `json:"worker,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	// Step is how far it is, and Rate the steps a second.
	Step int64   `json:"step"`
	Rate float64 `json:"rate,omitempty"`
	// Loss is the running mean of its raw losses.
	Loss runfolder.Number `json:"loss,omitempty"`
	// Curve is its losses so far, in few points.
	Curve *curve.Curve `json:"curve,omitempty"`
	// Checkpoint is the step of the checkpoint in the object store, 0 if there is none.
	Checkpoint int64     `json:"checkpoint,omitempty"`
	Failures   []Failure `json:"failures,omitempty"`
	// Declined is why the last worker that declined the run did so.
	Declined string `json:"declined,omitempty"`
	// Result names the results in the object store.
	Result string `json:"result,omitempty"`

	revision uint64
}

// Queue is a sweep on a server.
type Queue struct {
	id       string
	title    string
	js       jetstream.JetStream
	stream   jetstream.Stream
	consumer jetstream.Consumer
	records  jetstream.KeyValue
	objects  jetstream.ObjectStore
	// silence is how long a worker may give no sign of life before its run goes to another.
	silence time.Duration
}

// callTimeout bounds one exchange with the server, and storeTimeout one of an object.
const (
	callTimeout  = 10 * time.Second
	storeTimeout = 2 * time.Minute
)

func connectJetStream(c *nats.Conn) (jetstream.JetStream, error) {
	return jetstream.New(c, jetstream.WithDefaultTimeout(callTimeout))
}

// createQueue opens the sweep's queue, which may be there already.
func createQueue(ctx context.Context, js jetstream.JetStream, id, title string, silence time.Duration) (*Queue, error) {
	name := queuePrefix + id
	q := &Queue{id: id, title: title, js: js, silence: silence}
	var err error
	if q.stream, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        name,
		Description: title,
		Subjects:    []string{q.subject("*")},
		Retention:   jetstream.WorkQueuePolicy,
		Storage:     jetstream.FileStorage,
		// One message a run at most, however often the sweep is begun.
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
		MaxMsgsPerSubject:    1,
	}); err != nil {
		return nil, queueError(err)
	}
	if err := q.createConsumer(ctx); err != nil {
		return nil, queueError(err)
	}
	if q.records, err = js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: name, Storage: jetstream.FileStorage}); err != nil {
		return nil, queueError(err)
	}
	if q.objects, err = js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: name, Storage: jetstream.FileStorage}); err != nil {
		return nil, queueError(err)
	}
	return q, nil
}

func (q *Queue) createConsumer(ctx context.Context) (err error) {
	q.consumer, err = q.stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       consumerName,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       q.silence,
		MaxDeliver:    -1, // failures are counted in the records
		MaxAckPending: -1,
	})
	return err
}

// redeliver makes every message that some worker has available again at once.
func (q *Queue) redeliver(ctx context.Context) error {
	if err := q.stream.DeleteConsumer(ctx, consumerName); err != nil {
		return queueError(err)
	}
	return q.createConsumer(ctx)
}

// openQueue opens a queue that is there.
func openQueue(ctx context.Context, js jetstream.JetStream, id string) (*Queue, error) {
	name := queuePrefix + id
	q := &Queue{id: id, js: js}
	var err error
	if q.stream, err = js.Stream(ctx, name); err != nil {
		return nil, err
	}
	q.title = q.stream.CachedInfo().Config.Description
	if q.consumer, err = q.stream.Consumer(ctx, consumerName); err != nil {
		return nil, err
	}
	q.silence = q.consumer.CachedInfo().Config.AckWait
	if q.records, err = js.KeyValue(ctx, name); err != nil {
		return nil, err
	}
	q.objects, err = js.ObjectStore(ctx, name)
	return q, err
}

// findQueues returns the IDs of the sweeps on a server.
func findQueues(ctx context.Context, js jetstream.JetStream) ([]string, error) {
	var ids []string
	names := js.StreamNames(ctx)
	for name := range names.Name() {
		if id, ok := strings.CutPrefix(name, queuePrefix); ok {
			ids = append(ids, id)
		}
	}
	return ids, names.Err()
}

// remove deletes the sweep from the server.
func (q *Queue) remove(ctx context.Context) error {
	name := queuePrefix + q.id
	return errors.Join(q.js.DeleteStream(ctx, name), q.js.DeleteKeyValue(ctx, name), q.js.DeleteObjectStore(ctx, name))
}

func queueError(err error) error {
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
		return fmt.Errorf("the server has no JetStream: start it with -js, or enable it for the account: %w", err)
	}
	return fmt.Errorf("make the sweep's queue: %w", err)
}

func (q *Queue) subject(run string) string { return "alrc.sweep." + q.id + "." + run }

// publish puts a run in the queue, unless it is there.
func (q *Queue) publish(ctx context.Context, run Run) error {
	entry, err := run.encode()
	if err != nil {
		return err
	}
	content, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	_, err = q.js.Publish(ctx, q.subject(run.ID), content)
	var api *jetstream.APIError
	const maxMessagesPerSubject = 10077
	if errors.As(err, &api) && api.ErrorCode == maxMessagesPerSubject {
		return nil
	}
	return err
}

// get returns a run's record; its absence is jetstream.ErrKeyNotFound.
func (q *Queue) get(ctx context.Context, id string) (record, error) {
	entry, err := q.records.Get(ctx, id)
	if err != nil {
		return record{}, err
	}
	return parseRecord(entry)
}

func parseRecord(entry jetstream.KeyValueEntry) (record, error) {
	r := record{revision: entry.Revision()}
	if err := json.Unmarshal(entry.Value(), &r); err != nil {
		return record{}, fmt.Errorf("the record of run %s: %w", entry.Key(), err)
	}
	return r, nil
}

// change changes a run's record: changed gets what it is, and returns whether to write it back. It is called again
// where another process was faster. The record that stands in the end is returned.
func (q *Queue) change(ctx context.Context, id string, changed func(*record) bool) (record, error) {
	for {
		r, err := q.get(ctx, id)
		revision := r.revision
		if err != nil || !changed(&r) {
			return r, err
		}
		content, err := json.Marshal(r)
		if err != nil {
			return r, err
		}
		r.revision, err = q.records.Update(ctx, id, content, revision)
		if errors.Is(err, jetstream.ErrKeyExists) {
			continue
		}
		return r, err
	}
}

// create writes a run's first record, where it has none.
func (q *Queue) create(ctx context.Context, id string, r record) error {
	content, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = q.records.Create(ctx, id, content)
	if errors.Is(err, jetstream.ErrKeyExists) {
		return nil
	}
	return err
}

// store puts what write produces into the object store. It is there whole or not at all.
func (q *Queue) store(ctx context.Context, name string, write func(io.Writer) error) error {
	// Without a deadline, what was sent while the server went away would be waited for without end.
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	reader, writer := io.Pipe()
	go func() {
		// Each write becomes a message of its own.
		buffered := bufio.NewWriterSize(writer, 128<<10)
		writer.CloseWithError(errors.Join(write(buffered), buffered.Flush()))
	}()
	_, err := q.objects.Put(ctx, jetstream.ObjectMeta{Name: name}, reader)
	reader.CloseWithError(errors.Join(err, io.ErrClosedPipe))
	return err
}

// fetch returns an object, whose hash is checked.
func (q *Queue) fetch(ctx context.Context, name string) (io.Reader, error) {
	content, err := q.objects.GetBytes(ctx, name)
	return bytes.NewReader(content), err
}

// discard deletes an object, which may be gone already.
func (q *Queue) discard(ctx context.Context, name string) error {
	err := q.objects.Delete(ctx, name)
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return nil
	}
	return err
}

// isGone reports whether an error tells that the sweep is no longer on the server.
func isGone(err error) bool {
	return errors.Is(err, jetstream.ErrStreamNotFound) || errors.Is(err, jetstream.ErrConsumerNotFound) ||
		errors.Is(err, jetstream.ErrConsumerDeleted) || errors.Is(err, jetstream.ErrBucketNotFound) ||
		errors.Is(err, jetstream.ErrKeyNotFound) || errors.Is(err, jetstream.ErrObjectNotFound)
}

// patiently calls what needs the server until it succeeds, while the server is away or slow. It gives up when the
// context ends, and on an error that waiting does not mend.
func patiently(ctx context.Context, call func(context.Context) error) error {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := call(ctx)
		if err == nil || !isAway(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// isAway reports whether an error is one of a server that is away, starting, or slow.
func isAway(err error) bool {
	for _, away := range []error{nats.ErrTimeout, nats.ErrNoResponders, nats.ErrDisconnected, nats.ErrConnectionReconnecting,
		nats.ErrStaleConnection, nats.ErrNoStreamResponse, nats.ErrReconnectBufExceeded, jetstream.ErrNoStreamResponse,
		jetstream.ErrServerShutdown, jetstream.ErrNoHeartbeat, jetstream.ErrConsumerLeadershipChanged, context.DeadlineExceeded} {
		if errors.Is(err, away) {
			return true
		}
	}
	var api *jetstream.APIError
	return errors.As(err, &api) && api.Code == 503 && !errors.Is(err, jetstream.ErrJetStreamNotEnabled)
}
