package lexicon

import (
	"slices"
	"strings"
)

// FieldKind is what the name of a field says of the other fields of its records.
type FieldKind uint8

const (
	Plain          FieldKind = iota // nothing
	ValidationFlag                  // whether they are of a validation
	TrainingFlag                    // whether they are of the training
	Splitter                        // of which data they are
	Namer                           // what their number is called
)

var (
	validationFlags = Set("val valid validation is_val is_validation eval is_eval test is_test")
	trainingFlags   = Set("train training is_train is_training")
	splitters       = Set("split phase mode stage set subset dataset data_split partition")
	namers          = Set("metric metric_name key name tag series variable measure quantity field")
	valueNames      = Set("value val metric_value")
	rateNames       = Set("lr learning_rate")
	// trainingTerms are words of columns that are logged of trainings, and seldom of anything else. Measures, such as accuracies, stand in
	// tables of results as well.
	trainingTerms = Set("step steps iteration iterations iter iters epoch epochs batch batches minibatch lr loss losses val valid validation" +
		" train training eval gnorm grad gradient perplexity ppl entropy kl advantage episode episodes wps throughput timestep timesteps update updates" +
		" discriminator generator")
	// playWords are of what players get, and of how often they play.
	playWords = Set("reward rewards rew return returns episode episodes")
)

// joined makes names of the same meaning equal: lower case, words joined by underscores.
func joined(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case strings.ContainsRune(" ./-@:", r):
			return '_'
		}
		return r
	}, strings.TrimSpace(name))
	return strings.Trim(name, "_")
}

// FieldOf says what a field's name says of the others.
func FieldOf(name string) FieldKind {
	switch name = joined(name); {
	case validationFlags[name]:
		return ValidationFlag
	case trainingFlags[name]:
		return TrainingFlag
	case splitters[name]:
		return Splitter
	case namers[name]:
		return Namer
	}
	return Plain
}

// IsValue says whether a name is one for whatever number there is.
func IsValue(name string) bool { return valueNames[joined(name)] }

// IsLearningRate says whether a name is that of the learning rate.
func IsLearningRate(name string) bool { return rateNames[joined(name)] }

// settingNames are of what is set before a training, and stays as it is.
var settingNames = Set("batchsize bs hiddensize hiddenunits hiddendim units neurons nlayers numlayers layers dropout seed weightdecay wd embeddingdim embdim" +
	" embeddingsize nheads numheads heads kernelsize filters nfilters momentum lambda maxdepth nestimators numleaves windowsize seqlen sequencelength seqlength" +
	" blocksize contextlength dmodel nembd nlayer nhead gradaccum gradaccumsteps gradientaccumulationsteps microbatchsize maxiters maxsteps maxepochs warmupiters warmupsteps")

// IsSetting says whether a name is of what is set before a training.
func IsSetting(name string) bool { return settingNames[strings.ReplaceAll(joined(name), "_", "")] }

// SaysTraining says whether a name is of what is logged of trainings.
func SaysTraining(name string) bool {
	all := Words(name)
	if slices.ContainsFunc(all, func(word string) bool { return word == "date" || word == "timestamp" }) {
		return false // "epoch date"
	}
	for i, word := range all {
		if isForeign(all, i) {
			return false // "stop_loss"
		}
		for _, w := range Split(word) {
			if trainingTerms[w] || RoleOf(w) != Unsaid && w != "test" && w != "learn" {
				return true
			}
		}
	}
	return strings.Contains(name, "learning_rate")
}

// SaysRecent says whether a word is of the last ones of what was logged: "over the last 30 s".
func SaysRecent(word []byte) bool { return recentWords[string(word)] }

var recentWords = Set("last past previous recent latest")

// SaysGames says whether a name is of games, which are won or lost.
func SaysGames(name string) bool { return hasWord(name, GameWords) }

// CountsTimesteps says whether a name is of what counts the steps of an environment, which all records of its training have.
func CountsTimesteps(name string) bool { return hasWord(name, timestepWords) }

// SaysPlay says whether a name is of what players of games get, or counts what they play.
func SaysPlay(name string) bool { return hasWord(name, playWords) }

// SaysWhole says whether a name has a word that says that its number is the whole of others: "total loss".
func SaysWhole(name string) bool { return hasWord(name, WholeWords) }

// IsWhole says whether a name says nothing else: "total".
func IsWhole(name string) bool {
	return !slices.ContainsFunc(Words(name), func(word string) bool { return !WholeWords[word] })
}

// IsAverage says whether a name says only that its number is a mean.
func IsAverage(name string) bool { return AverageWords[strings.ToLower(name)] }

// IsRuntime says whether a name is of how long all of a run took.
func IsRuntime(name string) bool { return slices.Contains(Words(name), "runtime") }
