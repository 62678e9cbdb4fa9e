package nn

import (
	"fmt"
	"math"
)

// Calibrate sets the gains and biases of normalized layers by one batch, inputs [N,H,W,C] of at most as many images as
// pass at once: data-dependent initialisation (Salimans and Kingma 2016, section 3). In order, each normalized layer
// takes gain 1/s and bias -m/s, with m and s the mean and the standard deviation over images, rows and columns of each
// channel of what its directions v/|v| make of the layers before; 1e-8 is added to the variance. A centered layer, whose
// mean is subtracted anyway, keeps bias 0, and its running mean begins at m/s. It is for weights that [Engine.Initialize]
// has just drawn.
func (e *Engine) Calibrate(inputs []float32) error {
	size := e.options.Height * e.options.Width * e.network.InputChannels
	count := len(inputs) / size
	if count < 1 || count > e.chunk || len(inputs) != count*size {
		return fmt.Errorf("nn: a calibrating batch has %d numbers: 1 to %d images of %d are needed", len(inputs), e.chunk, size)
	}
	e.training = true
	e.prepare()
	e.keepAll(count)
	e.images = count
	for i := range count {
		e.input.value.load(i, inputs[i*size:][:size])
	}
	at := 0 // of the layer among those with weights
	for i := range e.layers {
		l := &e.layers[i]
		if l.layer.Convolves() {
			if l.layer.Normalized {
				e.calibrateLayer(l, e.parameters[at])
			}
			at++
		}
		e.forwardLayer(l)
	}
	e.changed()
	return nil
}

// calibrateLayer sets a layer's gains and biases by its present input.
func (e *Engine) calibrateLayer(l *layerPhases, p *parameter) {
	channels := p.outputs
	gain, bias := p.normalization.gain[:channels], p.bias[:channels]
	for i := range gain {
		gain[i], bias[i] = 1, 0
	}
	e.repack(l, p)
	activation := l.activation()
	was := *activation
	*activation = 1
	// Of a centered layer these are the convolution's phases alone.
	end := l.end
	if l.centering != nil {
		end -= centeringPhases
	}
	for i := l.first; i < end; i++ {
		e.pool.run(&e.forward[i])
	}
	*activation = was
	means, deviations := e.channelMoments(l.output.value)
	for i := range gain {
		gain[i] = float32(1 / deviations[i])
		if l.centering != nil {
			l.centering.running[i] = float32(means[i] / deviations[i])
		} else {
			bias[i] = float32(-means[i] / deviations[i])
		}
	}
	e.repack(l, p)
}

// activation is the slope below 0 that the layer's convolution applies.
func (o *operation) activation() *float32 {
	if o.winograd != nil {
		return &o.winograd.activation
	}
	return &o.convolution.activation
}

// repack makes a layer's weights anew from its directions and gains, and lays them out for forward.
func (e *Engine) repack(l *layerPhases, p *parameter) {
	n := p.normalization
	normalize := e.newPhase(part{name: p.name + " pack", tasks: n.tasks, run: func(_ *worker, task int) { n.normalize(task) }})
	e.pool.run(&normalize)
	if packs := l.forwardPacks(); packs != nil {
		phase := e.newPhase(packs...)
		e.pool.run(&phase)
	}
}

// forwardPacks are the parts that lay the layer's weights out for forward, if there are any.
func (o *operation) forwardPacks() []part {
	switch {
	case o.winograd != nil:
		return []part{o.winograd.pack()}
	case o.convolution != nil && o.convolution.transposed:
		return []part{o.convolution.pack()}
	}
	return nil
}

func (e *Engine) forwardLayer(l *layerPhases) {
	for i := l.first; i < l.end; i++ {
		e.pool.run(&e.forward[i])
	}
}

// channelMoments are the mean and the standard deviation of each channel, over images, rows and columns.
func (e *Engine) channelMoments(t *tensor) (means, deviations []float64) {
	means, deviations = make([]float64, t.used), make([]float64, t.used)
	each := func(visit func(channel int, value float64)) {
		for image := range e.images {
			for y := range t.height {
				for x := range t.width {
					for channel, value := range t.data[t.at(image, y, x):][:t.used] {
						visit(channel, float64(value))
					}
				}
			}
		}
	}
	pixels := float64(e.images * t.height * t.width)
	each(func(channel int, value float64) { means[channel] += value / pixels })
	each(func(channel int, value float64) {
		distance := value - means[channel]
		deviations[channel] += distance * distance / pixels
	})
	for i, variance := range deviations {
		deviations[i] = math.Sqrt(variance + 1e-8)
	}
	return means, deviations
}

// DeadLayer names a layer whose values were all 0 or below in the latest pass and through which every way to an output
// passes: under ReLU nothing after it depends on the input, and the layers before get no gradient. It is "" if there is none.
func (e *Engine) DeadLayer() string {
	return e.network.DeadLayer(func(place int) bool { return !e.anyPositive(e.layers[place].output.value) })
}

// anyPositive reports whether a value of the images of the latest pass is above 0 or not a number. In a network that is
// alive it finds one among the first pixels.
func (e *Engine) anyPositive(t *tensor) bool {
	for image := range e.images {
		for y := range t.height {
			for _, value := range t.data[t.at(image, y, 0):t.at(image, y, t.width)] {
				if !(value <= 0) {
					return true
				}
			}
		}
	}
	return false
}
