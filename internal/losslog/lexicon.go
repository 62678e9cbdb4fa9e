package losslog

import (
	"strings"
	"unicode"
)

// role is what the data of a record were for.
type role uint8

const (
	unsaid role = iota
	training
	validation
)

// strength is how clearly a name says that it is a loss.
type strength uint8

const (
	excluded  strength = iota // it says that it is something else
	unknown                   // it says nothing
	roleAlone                 // only for which data: "learn"
	measure                   // a measure that is trained by, or only reported: "mse", "cost"
	loss                      // "loss"
)

// statistic is what a name says of how its numbers were made.
type statistic uint8

const (
	plainly  statistic = iota // nothing
	averaged                  // means over steps or an epoch
	extreme                   // the least, the largest, the spread, the count
)

// meaning is what the words of a name say.
type meaning struct {
	strength  strength
	role      role
	statistic statistic
	// parts is the number of words that say which part of a loss it is; 0 for a total.
	parts int
	words int
}

func set(words string) map[string]bool {
	all := make(map[string]bool)
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}

// The lexicon. Words are lower-case.
var (
	trainingWords = set("train training trn trained learn learning fit tr 训练 訓練 学習 훈련 학습 обучение обучения entrenamiento entraînement entrainement" +
		" treino treinamento addestramento trainings")
	validationWords = set("val vali valid validation validating eval evaluation evaluating evaluate test testing tst dev holdout heldout te vld oof oob 验证 测试 検証 評価 검증 평가" +
		" валидация валидации validación validacion" +
		" validação validacao prueba teste validierung тест")
	lossWords    = set("loss losses verlust perte pertes perdida pérdida perda perdita verlies strata kayıp kayip потеря потери потерь лосс 损失 損失 손실")
	measureWords = set("cost nll xent crossentropy ce bce mse rmse mae mape rmsle l1 l2 logloss mlogloss multilogloss objective err error deviance elbo" +
		" bpb bpc bpd likelihood loglik quantile huber poisson tweedie hinge energy misfit")
	averageWords = set("avg average averaged ave avr mean running smoothed smooth ema moving median epoch cumulative accumulated")
	extremeWords = set("min max std stddev var variance num count best lowest highest sem minimum maximum init")
	// wholeWords say that a loss is the whole, and mainWords that it is the one of the task, or nothing about its parts.
	wholeWords = set("total sum overall all combined aggregate full global")
	mainWords  = set("lm reduced model main task base objective")
	emptyWords = set("step steps batch minibatch mini iter iteration current cur curr now item per token tokens sample the of is optim optimizer" +
		" metrics metric perf stats log logs scalar scalars trainer info debug warning warn error root network net nn this last new final data set" +
		" with on s and")
	// lossSpoilers make of a loss a setting, or a number about losses.
	lossSpoilers = set("scale scaler scaling weight weights weighting coef coeff coefficient coefficients fn func function type window smoothing spike" +
		" spikes threshold time rate lr patience improvement improve improved change count number at to before ratio factor log_interval" +
		" skipped seconds sec ms multiplier reduction regularization regularisation")
	// otherWords are of names that are no losses.
	otherWords = set("lr rate learning momentum mom wd decay beta beta1 beta2 eps epsilon temperature temp alpha gnorm norm grad grads gradient gradients" +
		" param params parameter parameters clip clipped clipping dropout margin margins logits logps logp chosen rejected" +
		" time times eta sec secs second seconds ms min mins minute minutes hour hours day days elapsed remaining wall clock timestamp runtime date" +
		" duration latency speed throughput fps ips tps wps ups wpb bsz tflops flops flos mfu hfu its tok words sentences seqs images samples" +
		" examples tokens bytes mb gb kb mib gib gpu cpu ram mem memory cache disk" +
		" acc accuracy accuracies precision recall f1 fb1 fscore auc roc map ap ar iou miou dice bleu rouge meteor cider chrf wer cer ppl perplexity" +
		" psnr ssim fid score scores scored reward rewards rew return returns ents las uas kappa mcc r2 corr correlation spearman pearson top top1" +
		" top5 hits mrr ndcg em exact match prob probs probability confidence positives negatives tp fp fn tn hp success win elo entropy explained variance fraction accept acceptance delta" +
		" regularization regularisation epoch epochs ep epoche step steps iter iters iteration iterations batch batches update updates round tick rank seed port pid id version num" +
		" number index count size length len dim percent percentage progress total threshold mu1 mu2 scale scaler window" +
		" jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun line")
	countWords = set("step steps iteration iterations iter iters it update updates up nupdates round tick ticks timestep timesteps minibatch minibatches" +
		" s i niter itr schritt paso étape etape шаг итерация itération iteración iteração ステップ 스텝 步 num_updates boosting tree trees")
	batchWords  = set("batch batches mb chunk")
	epochWords  = set("episode episodes epoch epochs ep epoche epoca época epoque époque эпоха エポック 에포크 에폭 轮 pass")
	amountWords = set("sample samples token tokens image images example examples sentence sentences sen words seen consumed sequences")
	timeWords   = set("time times sec secs second seconds ms min mins minute minutes hour hours elapsed eta remaining wall clock timestamp runtime date" +
		" duration left total max epochs_total size seed rank pid id port version memory mem gpu param params parameters line jan feb mar apr may jun jul" +
		" aug sep oct nov dec workers world")
	savingWords  = set("saving saved save checkpoint checkpoints snapshot improved restored best")
	summaryWords = set("finished finish done complete completed end ended summary averaged average avg mean overall final best saving saved save" +
		" checkpoint improved restored results result stats aggregate")
)

// words splits a name into its words, in lower case: at what is no letter or digit, and where capitals begin.
func words(name string) []string {
	var all []string
	runes := []rune(name)
	begin := 0
	flush := func(end int) {
		if end > begin {
			all = append(all, strings.ToLower(string(runes[begin:end])))
		}
	}
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush(i)
			begin = i + 1
			continue
		}
		if i > begin && unicode.IsUpper(r) {
			before := runes[i-1]
			next := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if unicode.IsLower(before) || unicode.IsUpper(before) && next {
				flush(i)
				begin = i
			}
		}
	}
	flush(len(runes))
	return all
}

// roleOf returns what a word says of the data.
func roleOf(word string) role {
	switch {
	case trainingWords[word] && word != "learning":
		return training
	case validationWords[word]:
		return validation
	}
	return unsaid
}

// split takes a word that is written together apart: "trainloss", "logloss1", and the abbreviation "trl".
func split(word string) []string {
	bare := strings.TrimRight(word, "0123456789")
	digits := word[len(bare):]
	if validationWords[word] || trainingWords[word] || measureWords[word] || otherWords[word] || bare == "" {
		return []string{word}
	}
	if rest, ok := strings.CutSuffix(bare, "losses"); ok {
		bare = rest + "loss"
	}
	for _, suffix := range []string{"loss", "损失", "損失", "손실"} {
		rest, ok := strings.CutSuffix(bare, suffix)
		switch {
		case !ok || rest == "c" || rest == "g" || rest == "f":
			continue
		case rest == "" && digits == "":
			return []string{"loss"}
		case rest == "":
			return []string{"loss", digits}
		case measureWords[bare] || rest == "log":
			return []string{"logloss"}
		}
		return append([]string{rest, "loss"}, nonEmpty(digits)...)
	}
	// As llm.c has it: trl, tel.
	if rest, ok := strings.CutSuffix(word, "l"); ok && len(word) <= 5 {
		switch rest {
		case "tr", "trn", "te", "tst", "dev":
			return []string{rest, "loss"}
		}
	}
	if digits != "" && lossWords[bare] {
		return []string{"loss", digits}
	}
	return []string{word}
}

// leaf is the last part of a name that is a path: of "loss/train.mean" it is "mean".
func leaf(name string) string { return name[strings.LastIndexAny(name, "/.")+1:] }

// isSourceFile says whether a name is one of a program's files, as before the number of a line.
func isSourceFile(name string) bool {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "py", "cc", "cpp", "cu", "c", "h", "hpp", "go", "jl", "rs", "java", "lua", "ipynb", "pyx", "js", "ts":
		return strings.Contains(name, ".")
	}
	return false
}

// isChineseLoss says whether a word, whose parts no space need part, names a loss in Chinese, Japanese or Korean.
func isChineseLoss(word string) bool {
	return strings.Contains(word, "损失") || strings.Contains(word, "損失") || strings.Contains(word, "손실")
}

// strangeLeaf says whether a name is only by its place one of losses: "loss/policy_entropy".
func strangeLeaf(name string) bool {
	last := leaf(name)
	if last == name || strings.Trim(last, " ") == "" {
		return false
	}
	strange := false
	for _, word := range words(last) {
		for _, w := range split(word) {
			if lossWords[w] {
				return false
			}
			strange = strange || otherWords[w] && !emptyWords[w] && !wholeWords[w] && !averageWords[w] && !extremeWords[w]
		}
	}
	return strange
}

func nonEmpty(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// mean returns what a name says.
func mean(name string) meaning {
	var m meaning
	var all []string
	for _, word := range words(name) {
		all = append(all, split(word)...)
	}
	m.words = len(all)
	if isSourceFile(name) || m.words == 1 && all[0] == "data" {
		return m
	}
	// What was made of a loss stands behind its name: "loss/total.mean".
	if last := leaf(name); averageWords[last] || extremeWords[last] {
		if place := name[:len(name)-len(last)]; len(place) > 1 {
			inner := mean(place[:len(place)-1])
			inner.words++
			if inner.statistic = max(inner.statistic, averaged); extremeWords[last] {
				inner.statistic = extreme
				if inner.strength < loss {
					inner.strength = excluded
				}
			}
			return inner
		}
	}
	// Where the last part of a path names a loss, those before are its place.
	if last := leaf(name); last != name {
		if inner := mean(last); inner.strength >= measure && inner.words > 0 {
			for _, word := range all[:len(all)-inner.words] {
				if r := roleOf(word); r != unsaid && inner.role == unsaid {
					inner.role = r
				}
			}
			return inner
		}
	}
	// As in BasicSR: l_pix, l_g_total.
	if len(all) > 1 && all[0] == "l" && strings.HasPrefix(name, "l_") {
		all[0] = "loss"
	}
	var named, measured, spoiled, other bool
	for i, word := range all {
		if lossWords[word] || isChineseLoss(word) {
			named = true
		}
		measured = measured || measureWords[word] || word == "entropy" && i > 0 && all[i-1] == "cross" || word == "function" && i > 0 && all[i-1] == "objective"
	}
	for i, word := range all {
		r := roleOf(word)
		digit := word[0] >= '0' && word[0] <= '9'
		switch {
		case lossWords[word], measureWords[word], isChineseLoss(word):
		case word == "cross" && i+1 < len(all) && all[i+1] == "entropy", word == "entropy" && i > 0 && all[i-1] == "cross":
		case word == "function" && i > 0 && all[i-1] == "objective":
		case r != unsaid && (word != "fit" || i == 0):
			// Of several, the last counts: "valid loss of the training".
			m.role = r
		case digit && i > 0 && roleOf(all[i-1]) != unsaid:
		case word == "smooth" && i+1 < len(all) && (measureWords[all[i+1]] || lossWords[all[i+1]]):
			if named {
				m.parts++ // as in smooth L1 loss
			}
		case averageWords[word]:
			m.statistic = max(m.statistic, averaged)
			other = other || word == "epoch"
		case extremeWords[word]:
			m.statistic = extreme
			other = true
		case named && lossSpoilers[word]:
			spoiled = true
		case emptyWords[word], word == "value" && i == len(all)-1:
			other = other || otherWords[word]
		case wholeWords[word]:
			other = other || otherWords[word] && len(all) > 1 // "total" alone may be of a loss
		case mainWords[word]:
		case otherWords[word]:
			other = true
			m.parts++
		default:
			m.parts++
		}
	}
	if m.strength = excluded; named && strangeLeaf(name) {
		return m
	}
	switch {
	case len(all) == 0:
		m.strength = unknown
	case named && spoiled:
		m.strength = excluded
	case named:
		m.strength = loss
	case measured && !other:
		m.strength = measure
	case other || measured:
		m.strength = excluded
	case m.role != unsaid && m.parts == 0 && m.statistic == plainly:
		m.strength = roleAlone
	default:
		m.strength = unknown
	}
	return m
}

// lossNames are the names that a training's loss has most often, best first, as words.
var lossNames = []string{"loss", "train loss", "loss train", "training loss", "loss training", "train loss step", "loss step", "batch loss",
	"train batch loss", "total loss", "loss total", "train total loss"}

// commonness orders names of equal meaning: 0 for the most common one.
func commonness(name string) int {
	joined := strings.Join(words(name), " ")
	for i, known := range lossNames {
		if joined == known {
			return i
		}
	}
	return len(lossNames) + len(joined)
}

// counterKind orders what may count steps: the lower, the better. Beyond amounts there is no counter.
type counterKind uint8

const (
	counts    counterKind = iota // steps, iterations, updates
	positions                    // a number by its place in the line alone
	batches                      // of an epoch, most often
	strangers                    // names that say nothing
	epochs                       // of many steps
	amounts                      // of samples or tokens
	notACounter
)

// counterOf says what a name counts.
func counterOf(name string) counterKind {
	if isPosition(name) {
		return positions
	}
	kind := strangers
	all := words(name)
	for _, word := range all {
		switch {
		case timeWords[word] && !((word == "total" || word == "id") && len(all) > 1):
			return notACounter
		case countWords[word]:
			kind = min(kind, counts)
		case batchWords[word]:
			kind = min(kind, batches)
		}
	}
	if kind != strangers {
		for _, word := range all {
			if word == "per" || word == "micro" || word == "skipped" || word == "nan" {
				return notACounter
			}
		}
		return kind
	}
	for _, word := range all {
		switch {
		case epochWords[word]:
			return epochs
		case amountWords[word]:
			kind = amounts
		}
	}
	if kind == amounts {
		return kind
	}
	if m := mean(name); m.strength > roleAlone || m.strength == excluded {
		return notACounter
	}
	return strangers
}
