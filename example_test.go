package alrc_test

import (
	"encoding/json"
	"fmt"
	"log"
	"math"

	"alrc"
)

// A training loop. The model is y = w*x, its loss quartic, and one example in fifty is wrong; without clipping, these throw
// w until it is no number any more.
func Example() {
	clipper, err := alrc.New(alrc.Options{N: 2})
	if err != nil {
		log.Fatal(err)
	}
	w, loss, scale := 0.0, make([]float64, 1), make([]float64, 1)
	for step := range 5000 {
		x, y := example(step)
		deviation := w*x - y
		loss[0] = math.Pow(deviation, 4)
		clipper.Step(loss, scale)
		w -= 0.01 * scale[0] * 4 * math.Pow(deviation, 3) * x
	}
	fmt.Printf("w = %.2f, %d losses clipped\n", w, clipper.State().Clipped)
	// Output: w = 3.00, 98 losses clipped
}

// example returns an x and its y, which is about 3*x: every fiftieth is far off.
func example(step int) (x, y float64) {
	x = 1 + 0.5*math.Sin(float64(step))
	y = 3*x + 0.3*math.Sin(7*float64(step))
	if step%50 == 49 {
		y += 20 * math.Cos(float64(step))
	}
	return x, y
}

// At batch size 1, where the method helps most, a step has one loss.
func ExampleOneSided_batchSizeOne() {
	clipper, err := alrc.New(alrc.Options{N: 2, Moments: &alrc.Moments{Mu1: 10, Mu2: 104}})
	if err != nil {
		log.Fatal(err)
	}
	scale := make([]float64, 1)
	for _, loss := range []float64{9, 11, 140, math.NaN(), 10} {
		s := clipper.Step([]float64{loss}, scale)
		fmt.Printf("loss %v: threshold %.1f, scale %.1f\n", loss, s.Limits.Upper, scale[0])
	}
	// Output:
	// loss 9: threshold 14.0, scale 1.0
	// loss 11: threshold 14.0, scale 1.0
	// loss 140: threshold 14.0, scale 0.1
	// loss NaN: threshold 14.0, scale 0.0
	// loss 10: threshold 14.0, scale 1.0
}

// Each loss of a batch has a scale of its own.
func ExampleOneSided_batch() {
	clipper, err := alrc.New(alrc.Options{N: 2, Moments: &alrc.Moments{Mu1: 10, Mu2: 104}})
	if err != nil {
		log.Fatal(err)
	}
	losses := []float32{9, 28, 12, 140}
	scales := make([]float32, len(losses))
	s := clipper.Step32(losses, scales)
	fmt.Printf("scales %.2f, %d of %d losses clipped\n", scales, s.Clipped, s.Count)
	// Output: scales [1.00 0.50 1.00 0.10], 2 of 4 losses clipped
}

// A batch that does not fit into memory at once goes through in micro-batches: each is scaled on its own, and the
// clipper moves on when all of the batch was seen.
func ExampleStatistics_Merge_gradientAccumulation() {
	clipper, err := alrc.New(alrc.Options{N: 2, Moments: &alrc.Moments{Mu1: 10, Mu2: 104}})
	if err != nil {
		log.Fatal(err)
	}
	deviations := []float64{3, 12, 5, -3.5} // of a model from its targets; the loss is their square
	var step alrc.Statistics
	gradient := 0.0
	for micro := range 2 {
		var losses, scales [2]float64
		part := deviations[2*micro : 2*micro+2]
		for i, deviation := range part {
			losses[i] = deviation * deviation
		}
		step = step.Merge(clipper.Scales(losses[:], scales[:]))
		for i, deviation := range part {
			gradient += scales[i] * 2 * deviation / 4
		}
	}
	clipper.Observe(step) // and update the weights by the gradient
	fmt.Printf("gradient %.2f, %d losses clipped\n", gradient, step.Clipped)
	// Output: gradient 1.73, 2 losses clipped
}

// What a clipper has learned is a plain value, for a checkpoint.
func ExampleState() {
	clipper, err := alrc.New(alrc.Options{})
	if err != nil {
		log.Fatal(err)
	}
	scales := make([]float64, 1)
	for step := range 100 {
		clipper.Step([]float64{5 + math.Sin(float64(step))}, scales)
	}
	saved, err := json.Marshal(clipper.State())
	if err != nil {
		log.Fatal(err)
	}

	resumed, err := alrc.New(alrc.Options{}) // the same options
	if err != nil {
		log.Fatal(err)
	}
	var state alrc.State
	if err := json.Unmarshal(saved, &state); err != nil {
		log.Fatal(err)
	}
	if err := resumed.Restore(state); err != nil {
		log.Fatal(err)
	}
	fmt.Println(resumed.Limits() == clipper.Limits(), resumed.State().Steps)
	// Output: true 100
}

// Replicas that each have a part of every batch share statistics, and stay the same.
func ExampleStatistics_Merge_replicas() {
	var replicas [2]alrc.Clipper
	for i := range replicas {
		clipper, err := alrc.New(alrc.Options{N: 2, Moments: alrc.Published()})
		if err != nil {
			log.Fatal(err)
		}
		replicas[i] = clipper
	}
	for step := range 50 {
		// Each replica scales its own losses.
		var parts [2]alrc.Statistics
		for i, replica := range replicas {
			losses := []float64{20 + float64(step%3), 20 + float64(5*i)}
			parts[i] = replica.Scales(losses, make([]float64, len(losses)))
		}
		// An all-reduce, in the same order everywhere.
		merged := parts[0].Merge(parts[1])
		for _, replica := range replicas {
			replica.Observe(merged)
		}
	}
	fmt.Println(replicas[0].Limits() == replicas[1].Limits())
	fmt.Println(replicas[0].State().Losses, "losses seen by each")
	// Output:
	// true
	// 200 losses seen by each
}
