package gomlx_test

import (
	"fmt"
	"log"
	"math/rand/v2"
	"os"

	"alrc"
	alrcgomlx "alrc/gomlx"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/layers"
	"github.com/gomlx/gomlx/ml/layers/activation"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/checkpoint"
	"github.com/gomlx/gomlx/ml/train"
	"github.com/gomlx/gomlx/ml/train/loss"
	"github.com/gomlx/gomlx/ml/train/metric"
	"github.com/gomlx/gomlx/ml/train/optimizer"
)

const (
	pixels  = 8 * 8
	classes = 10
)

// digits draws images of ten classes, each a fixed pattern under noise, a share of them with a wrong label.
type digits struct {
	random   *rand.Rand
	patterns [classes][pixels]float32
}

func newDigits(seed uint64) *digits {
	d := &digits{}
	pattern := rand.New(rand.NewPCG(0, 0)) // the same for all seeds
	for i := range d.patterns {
		for j := range d.patterns[i] {
			d.patterns[i][j] = float32(pattern.IntN(2))
		}
	}
	d.random = rand.New(rand.NewPCG(seed, 1))
	return d
}

func (d *digits) batch(size int, mislabelled float64) train.Batch {
	images, labels := make([][]float32, size), make([][]int32, size)
	for i := range images {
		class := d.random.IntN(classes)
		images[i] = make([]float32, pixels)
		for j := range images[i] {
			images[i][j] = d.patterns[class][j] + float32(d.random.NormFloat64())
		}
		if d.random.Float64() < mislabelled {
			class = (class + 1 + d.random.IntN(classes-1)) % classes
		}
		labels[i] = []int32{int32(class)}
	}
	return train.Batch{
		Inputs: []*tensors.Tensor{tensors.FromValue(images)}, Labels: []*tensors.Tensor{tensors.FromValue(labels)},
	}
}

func classifier(scope *model.Scope, images *graph.Node) *graph.Node {
	hidden := activation.Relu(layers.Dense(scope.In("hidden"), images, true, 32))
	return layers.Dense(scope.In("logits"), hidden, true, classes)
}

// A classifier of generated images, one label in five of which is wrong, trained on one image at a time: clipping
// limits what the wrong ones do.
func Example_classifier() {
	backend, err := compute.NewWithConfig("go")
	if err != nil {
		log.Fatal(err)
	}
	method, err := alrcgomlx.OneSided(alrc.Options{N: 1, Decay: 0.99})
	if err != nil {
		log.Fatal(err)
	}
	accuracy := func(lossFn train.LossFn, metrics ...metric.Interface) float32 {
		store := model.NewStore()
		store.SetParam("/"+model.ParamInitialSeed, int64(1))
		sgd := optimizer.StochasticGradientDescent().WithDecay(false).WithLearningRate(0.05).Done()
		trainer := train.NewTrainer(backend, store, classifier, lossFn, sgd, metrics,
			[]metric.Interface{metric.NewSparseCategoricalAccuracy("accuracy", "acc")})
		data := newDigits(1)
		for range 1000 {
			if _, err := trainer.TrainStep(data.batch(1, 0.2)); err != nil {
				log.Fatal(err)
			}
		}
		results, err := trainer.EvalStep(newDigits(2).batch(1000, 0))
		if err != nil {
			log.Fatal(err)
		}
		return results[1].Value().(float32)
	}
	crossEntropy := loss.SparseCategoricalCrossEntropyLogits
	plain := accuracy(crossEntropy)
	clipped := accuracy(method.Loss("/alrc", crossEntropy), alrcgomlx.Threshold("/alrc"), alrcgomlx.ClippedShare("/alrc"))
	fmt.Println("clipping classifies at least 5 % more of the images right:", clipped > plain+0.05)
	// Output: clipping classifies at least 5 % more of the images right: true
}

// Two losses of one model, each clipped by thresholds of its own.
func Example_twoLosses() {
	backend, err := compute.NewWithConfig("go")
	if err != nil {
		log.Fatal(err)
	}
	adaptive, err := alrcgomlx.OneSided(alrc.Options{Moments: alrc.Published()})
	if err != nil {
		log.Fatal(err)
	}
	fixed, err := alrcgomlx.Constant(2)
	if err != nil {
		log.Fatal(err)
	}
	// The model predicts a number and the logarithm of its spread.
	twoHeads := func(scope *model.Scope, x *graph.Node) (value, logSpread *graph.Node) {
		return layers.Dense(scope.In("value"), x, true, 1), layers.Dense(scope.In("spread"), x, true, 1)
	}
	both := func(labels, predictions []*graph.Node) *graph.Node {
		scope := model.GetStore(labels[0]).RootScope()
		squared := graph.Square(graph.Sub(predictions[0], labels[0]))
		spread := graph.Abs(graph.Sub(graph.Exp(predictions[1]), graph.Abs(labels[0])))
		return graph.Add(adaptive.Clip(scope.At("value"), squared), fixed.Clip(scope.At("spread"), spread))
	}
	store := model.NewStore()
	store.SetParam("/"+model.ParamInitialSeed, int64(1))
	trainer := train.NewTrainer(backend, store, twoHeads, both, optimizer.Adam().LearningRate(0.01).Done(), nil, nil)
	random := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		x, y := make([][]float32, 4), make([][]float32, 4)
		for i := range x {
			x[i] = []float32{random.Float32(), random.Float32()}
			y[i] = []float32{x[i][0] - x[i][1]}
		}
		y[0][0] += 100 // an outlier in every batch
		if _, err := trainer.TrainStep(train.Batch{
			Inputs: []*tensors.Tensor{tensors.FromValue(x)}, Labels: []*tensors.Tensor{tensors.FromValue(y)},
		}); err != nil {
			log.Fatal(err)
		}
	}
	value, err := adaptive.State(store, "/value")
	if err != nil {
		log.Fatal(err)
	}
	spread, err := fixed.State(store, "/spread")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("squared losses clipped:", value.Clipped, "of", value.Losses)
	fmt.Println("spread losses clipped:", spread.Clipped, "of", spread.Losses)
	// Output:
	// squared losses clipped: 100 of 400
	// spread losses clipped: 100 of 400
}

// The running moments are in GoMLX's checkpoints with the weights: training goes on as if it had not stopped.
func Example_checkpoint() {
	backend, err := compute.NewWithConfig("go")
	if err != nil {
		log.Fatal(err)
	}
	method, err := alrcgomlx.OneSided(alrc.Options{})
	if err != nil {
		log.Fatal(err)
	}
	lossFn := method.Loss("/alrc", loss.SparseCategoricalCrossEntropyLogits)
	newTrainer := func(store *model.Store) *train.Trainer {
		store.SetParam("/"+model.ParamInitialSeed, int64(1))
		return train.NewTrainer(backend, store, classifier, lossFn, optimizer.Adam().LearningRate(0.01).Done(), nil, nil)
	}
	run := func(trainer *train.Trainer, data *digits, steps int) {
		for range steps {
			if _, err := trainer.TrainStep(data.batch(4, 0.1)); err != nil {
				log.Fatal(err)
			}
		}
	}

	whole := model.NewStore()
	run(newTrainer(whole), newDigits(1), 60)

	dir, err := os.MkdirTemp("", "alrc")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	data := newDigits(1)
	first := model.NewStore()
	handler, err := checkpoint.Build(first).Dir(dir).Done()
	if err != nil {
		log.Fatal(err)
	}
	run(newTrainer(first), data, 30)
	if err := handler.Save(); err != nil {
		log.Fatal(err)
	}

	resumed := model.NewStore()
	if _, err := checkpoint.Load(resumed).Dir(dir).Done(); err != nil {
		log.Fatal(err)
	}
	run(newTrainer(resumed), data, 30)

	a, err := method.State(whole, "/alrc")
	if err != nil {
		log.Fatal(err)
	}
	b, err := method.State(resumed, "/alrc")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("steps:", b.Steps)
	fmt.Println("the same moments as unbroken:", a.Mu1 == b.Mu1 && a.Mu2 == b.Mu2)
	// Output:
	// steps: 60
	// the same moments as unbroken: true
}
