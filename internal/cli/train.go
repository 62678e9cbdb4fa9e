package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alrc/internal/clipping"
	"alrc/internal/experiment"
	"alrc/internal/micrograph"
	"alrc/internal/place"
	"alrc/internal/stabiliser"
	"alrc/internal/sweep"
)

// trainFlags are what the flags of train say: those of one run's specification, and of the whole comparison.
type trainFlags struct {
	specification experiment.Specification
	engines       experiment.Engines
	data, exclude []string
	dataDir       string
	clips         []string
	stabilisers   []string
	pairs         []string
	seeds         int
	config        string
	threads       int
	out           string
	overwrite     bool
	serve         serveFlag
}

// newTrainCommand is train, which is train supersample, and the tasks by name.
func newTrainCommand(engines experiment.Engines) *cobra.Command {
	command := newSupersampleCommand("train [flags]", engines)
	command.Short = "Train a network without and with clipping, and compare"
	command.Long += `

'alrc train supersample' is the same, and 'alrc train micrographs' trains a
network to complete micrographs of which a part was scanned.`
	command.Example += `
  alrc train micrographs`
	command.AddCommand(newSupersampleCommand("supersample [flags]", engines), newMicrographsCommand(engines))
	return command
}

func newSupersampleCommand(use string, engines experiment.Engines) *cobra.Command {
	f := &trainFlags{specification: experiment.Default(), engines: engines}
	s := &f.specification
	return f.command(&cobra.Command{
		Use:   use,
		Short: "Train a network to sharpen images (experiment 1 of the paper)",
		Long: `Train a network to sharpen images, once for each clipping, on the same batches
from the same starting weights, and compare. Without flags: generated images, a
loss of the fourth power, batch size 1, first without clipping and then with it.`,
		Example: `  alrc train
  alrc train --data cifar10 --data-dir cifar --clip none --clip alrc:2 --seeds 3
  alrc train --data 'photos/*.jpg' --test 0.1 --size 64
  alrc train --config runs/mine/none/run.yaml --steps 20000`,
	}, []string{"none", "alrc:2"}, 25, 50, func(flags *pflag.FlagSet) {
		flags.StringArrayVar(&f.data, "data", []string{"procedural"}, "`IMAGES`: "+strings.Join(place.Images.Words(), ", ")+", or a file, a glob or a folder of image files; repeatable")
		flags.StringVar(&f.dataDir, "data-dir", "", "`FOLDER` of "+place.Images.Folders()+", or where the files of --config are now")
		flags.IntVar(&s.Data.RecordsPerFile, "records-per-file", 0, "take the first `N` images of each file in --data-dir (default all)")
		flags.StringVar(&s.Data.Test, "test", "", "image `FILES` to hold out: a file, a folder, a glob, or a fraction (default 0.1)")
		flags.IntVar(&s.Data.Size, "size", 0, "height and width in `PIXELS` of generated images, and that files are cropped and resized to (default 32)")
		flags.StringVar(&s.Data.Corrupt, "corrupt", "", "spoil a share of the images that are trained on: `KIND[:SHARE]`, KIND one of shuffled (targets), saturated, nan, heavy-tailed (targets); SHARE 0.01 by default")
	}, nil)
}

func newMicrographsCommand(engines experiment.Engines) *cobra.Command {
	f := &trainFlags{specification: experiment.DefaultOf(experiment.Micrographs), engines: engines}
	s := &f.specification
	return f.command(&cobra.Command{
		Use:   "micrographs [flags]",
		Short: "Train a network to complete micrographs that were scanned in part (experiment 3 of the paper)",
		Long: `Train a network to complete micrographs from a scan of some of their pixels,
once for each clipping, on the same crops and scans from the same starting
weights, and compare. Its target is the blurred micrograph: at full size, and at
half by a second output with a clipping of its own. Without flags: generated
micrographs, spiral scans of 2 to 30 % of the pixels, batch size 1.
'alrc complete' applies what was trained, and 'alrc evaluate' measures it on
held-out crops.`,
		Example: `  alrc train micrographs
  alrc train micrographs --data 'scans/*.tif' --test scans/5.tif --out runs/mine
  alrc complete runs/mine/alrc-3 scan.tif`,
	}, []string{"none", "alrc:3"}, 200, 1, func(flags *pflag.FlagSet) {
		flags.StringArrayVar(&f.data, "data", []string{"procedural"}, "`IMAGES`: procedural, or a file, a glob or a folder of image files; repeatable")
		flags.StringVar(&s.Data.Test, "test", "", "image `FILES` to hold out: a file, a folder, a glob, or a fraction (default 0.1)")
		flags.StringVar(&f.dataDir, "data-dir", "", "`FOLDER` where the files of --config are now")
		flags.StringArrayVar(&f.exclude, "exclude", nil, "`FILES` not to use: a file, a folder or a glob; repeatable")
		flags.IntVar(&s.Data.Size, "size", s.Data.Size, "height and width of crops in `PIXELS`, divisible by 32")
		flags.StringVar(&s.Data.Mask, "mask", s.Data.Mask, "`SCAN`: spiral, grid, lines, or a mask image")
		flags.Var(&s.Data.Coverage, "coverage", "fraction of the pixels that is scanned, or a range, from which each crop draws its own; a mask image has its own")
		flags.BoolVar(&s.Data.SameMask, "same-mask", false, "scan every crop alike, as in the paper, instead of each as another part of a scan")
		flags.Float64Var(&s.Data.Dose, "dose", 0, "`ELECTRONS` in a pixel of generated micrographs (default 2 to 3000, image by image)")
	}, func(flags *pflag.FlagSet) {
		flags.Float64Var(&s.Depth, "depth", s.Depth, "residual blocks of the network, as a multiple of the published network's")
		flags.StringVar(&s.Network, "network", experiment.PlainNetwork, "`VARIANT` of the network: plain, as the paper describes it, or published, with what the authors' scripts add")
		flags.StringVar(&s.Input, "input", "", "`INPUT` of the network: scan, or kriged, which is the scan and its completion by kriging, to which the network adds (default scan)")
	})
}

// command gives a command the flags of its task beside those that all have. Losses are so many times a mean power, and
// Huberised from a loss on.
func (f *trainFlags) command(command *cobra.Command, clips []string, scale, huber int, data, more func(*pflag.FlagSet)) *cobra.Command {
	s := &f.specification
	command.Args = cobra.NoArgs
	command.RunE = func(command *cobra.Command, _ []string) error { return f.train(command) }
	addFlagGroups(command,
		group("Data", data),
		group("Experiment", func(flags *pflag.FlagSet) {
			flags.StringVar((*string)(&s.Loss), "loss", string(s.Loss), fmt.Sprintf("squared, quartic, or a power `P`: %d * mean |target - output|^P", scale))
			flags.BoolVar(&s.Huber, "huber", s.Huber, fmt.Sprintf("replace losses of %d or more by their square roots (=false: leave them)", huber))
			flags.StringArrayVar(&f.clips, "clip", clips, "`CLIPPING`, repeatable: "+clipping.Forms)
			flags.StringArrayVar(&f.stabilisers, "stabilise", []string{stabiliser.None}, "`METHOD` to use beside each clipping, several joined by +; repeatable: "+stabiliser.Forms())
			flags.StringArrayVar(&f.pairs, "pair", nil, "`CLIPPING,METHOD`: train these pairs alone; repeatable")
			flags.Float64Var(&s.Decay, "decay", s.Decay, "decay of the running moments of the losses")
			flags.StringVar(&s.Moments, "moments", s.Moments, "starting `MOMENTS`: auto, or MU1,MU2")
			flags.StringVar(&s.Rule, "rule", s.Rule, "`RULE` that scales a loss: auto, ratio or distance")
			flags.IntVar(&s.BatchSize, "batch-size", s.BatchSize, "images per step")
			flags.Int64Var(&s.Steps, "steps", s.Steps, "training steps")
			flags.Float64Var(&s.Width, "width", s.Width, "channels of the network, as a multiple of the published network's")
			if more != nil {
				more(flags)
			}
			flags.Uint64Var(&s.Seed, "seed", s.Seed, "seed of the weights, the order of images and their augmentation")
			flags.IntVar(&f.seeds, "seeds", 1, "repeats, with consecutive seeds from --seed on")
		}),
		group("Optimizer", func(flags *pflag.FlagSet) {
			flags.StringVar(&s.Optimizer.Kind, "optimizer", s.Optimizer.Kind, "`KIND`: adam, adamw or sgd")
			flags.Float64Var(&s.Optimizer.LearningRate, "learning-rate", s.Optimizer.LearningRate, "step size")
			flags.StringVar(&s.Optimizer.Schedule, "schedule", s.Optimizer.Schedule, "`SCHEDULE` of the learning rate: constant, cosine, quarters, or step:STEPS,FACTOR")
			flags.Int64Var(&s.Optimizer.Warmup, "warmup", 0, "steps over which the learning rate rises from 0")
			flags.Float64Var(&s.Optimizer.Momentum, "momentum", 0, "momentum of sgd")
			flags.BoolVar(&s.Optimizer.Nesterov, "nesterov", false, "use Nesterov momentum with sgd")
			flags.Float64Var(&s.Optimizer.WeightDecay, "weight-decay", 0, "add this multiple of each weight to its gradient; with adamw, decoupled from the gradient (0.01 is customary)")
		}),
		group("Output", func(flags *pflag.FlagSet) {
			flags.StringVar(&f.out, "out", "", "`FOLDER` of the results (default runs/DATE-TIME)")
			flags.BoolVar(&f.overwrite, "overwrite", false, "replace the runs that are in the folder")
			flags.Int64Var(&s.EvaluateEvery, "evaluate-every", s.EvaluateEvery, "steps between evaluations on held-out images (0: at the end only)")
			flags.Int64Var(&s.Gradients, "gradients", 0, "measure every `N` steps how gradients are distributed, with clipping and without (0: never)")
			flags.IntVar(&s.TestImages, "test-images", s.TestImages, "maximum number of held-out images in an evaluation")
			flags.Int64Var(&s.Last, "last", 0, "number of final steps that the reported mean is taken over (default a quarter of them, at most 5000)")
		}),
		group("Running", func(flags *pflag.FlagSet) {
			f.serve.add(flags)
			flags.StringVar(&f.config, "config", "", "take the specification from a run.yaml; flags override what the `FILE` says")
			threadsFlag(command, flags, &f.threads, "threads to compute with, on which results do not depend (default all)")
			flags.StringVar(&s.Engine, "engine", s.Engine, "`ENGINE` that computes: "+strings.Join(f.engines.Names(), ", "))
			flags.StringVar(&s.Kernels, "kernels", "", "kernel `SET`: portable, avx2, avx512, neon (default $ALRC_KERNELS, or the best that the CPU has)")
			flags.BoolVar(&s.Direct, "direct", false, "compute every convolution directly, without Winograd's algorithm")
		}),
	)
	return command
}

func (f *trainFlags) train(command *cobra.Command) error {
	runs, err := f.specifications(command)
	if err != nil {
		return err
	}
	ctx, cancel := withSignals(command.Context())
	defer cancel()
	opener := newOpener(command.ErrOrStderr(), f.dataDir)
	placed, data, err := opener.Open(runs[0].Data)
	if err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	runs[0].Data = placed
	// The runs differ in clipping and seed alone, so that what one resolves to holds for all.
	if err := experiment.Resolve(&runs[0], data, f.engines); err != nil {
		return &ExitError{Code: exitUsage, Err: err}
	}
	for i := range runs {
		runs[i].Kernels, runs[i].Data = runs[0].Kernels, runs[0].Data
	}
	out := f.out
	if out == "" {
		if out, err = newFolder("runs", time.Now()); err != nil {
			return err
		}
	}
	dirs, err := f.create(out, runs)
	if err != nil {
		return err
	}
	stop, err := f.serve.start(ctx, command.ErrOrStderr(), out, f.dataDir, sweep.Connection{})
	if err != nil {
		return err
	}
	defer stop()
	return trainAll(ctx, command, out, dirs, opener, experiment.Options{Threads: f.threads, Engines: f.engines})
}

// specifications returns a specification for each seed and clipping: of the --config file, with the flags given.
func (f *trainFlags) specifications(command *cobra.Command) ([]experiment.Specification, error) {
	s, flags := &f.specification, command.Flags()
	if f.config != "" {
		read, err := experiment.ReadSpecification(f.config)
		if err != nil {
			return nil, &ExitError{Code: exitUsage, Err: err}
		}
		if task := command.Name(); read.Task != task && task != "train" {
			return nil, usageError("%s: its task is %s, not %s", f.config, read.Task, task)
		}
		read.Data.Hash = ""
		// Flags were parsed into the specification; the file replaces it, and those that were given are set again.
		given := map[*pflag.Flag]string{}
		flags.Visit(func(flag *pflag.Flag) {
			if _, list := flag.Value.(pflag.SliceValue); !list {
				given[flag] = flag.Value.String()
			}
		})
		*s = read
		for flag, text := range given {
			if err := flag.Value.Set(text); err != nil {
				return nil, usageError("--%s: %w", flag.Name, err)
			}
		}
		if s.Clip != "" && !flags.Changed("clip") {
			f.clips = []string{s.Clip}
		}
		if s.Stabilise != "" && !flags.Changed("stabilise") {
			f.stabilisers = []string{s.Stabilise}
		}
	}
	if f.config == "" || flags.Changed("data") {
		s.Data.Name(s.Data.Content(), f.data)
	}
	if s.Data.SameMask && f.config == "" && !flags.Changed("coverage") {
		s.Data.Coverage = micrograph.Covering(micrograph.DefaultCoverage) // one mask has one coverage
	}
	if flags.Changed("exclude") {
		s.Data.Exclude = f.exclude
	}
	if err := withoutEffect(flags, fmt.Sprintf("data of kind %s make no use of it", s.Data.Kind), s.Data.Idle()...); err != nil {
		return nil, err
	}
	if f.seeds < 1 {
		return nil, usageError("--seeds %d: give a number of repeats of at least 1", f.seeds)
	}
	methods, err := f.methods(flags)
	if err != nil {
		return nil, err
	}
	var runs []experiment.Specification
	seen := map[string]bool{}
	for seed := range f.seeds {
		for _, m := range methods {
			run := *s
			run.Seed += uint64(seed)
			run.Clip, run.Stabilise = m.clip, m.stabilise
			if err := run.Validate(); err != nil {
				return nil, &ExitError{Code: exitUsage, Err: err}
			}
			if err := run.Settle(); err != nil {
				return nil, &ExitError{Code: exitUsage, Err: err}
			}
			if name := f.label(run); seen[name] {
				return nil, usageError("%s is given twice", method{run.Clip, run.Stabilise})
			} else {
				seen[name] = true
			}
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// label names a run's folder: its clipping and stabiliser, and its seed where there are several.
func (f *trainFlags) label(s experiment.Specification) string {
	name := s.Label()
	if f.seeds > 1 {
		name += "-seed" + strconv.FormatUint(s.Seed, 10)
	}
	return name
}
