// Package lexicon says what the names of a log's numbers mean, by the words in them: whether a number is a loss and of which data, how it
// was made, and what may count steps. It also lists the words by which lines of a log are told apart.
//
// A new kind of name is a word in one of the lists below, which are all in lower case.
package lexicon

import "strings"

// Set returns the words of a text, parted by spaces, as a set.
func Set(words string) map[string]bool {
	all := make(map[string]bool)
	for _, word := range strings.Fields(words) {
		all[word] = true
	}
	return all
}

// What words say, by kinds. GameWords are of what can be lost otherwise, SavingWords of lines that say what was saved, SummaryWords of those that sum up.
var (
	TrainingWords = Set("train training trn trained learn learning fit tr 训练 訓練 学習 훈련 학습 トレーニング обучение обучения обучении обуч тренировка entrenamiento" +
		" εκπαίδευση εκπαίδευσης التدريب entraînement entrainement treino treinamento addestramento trainings tränings treenings trenings eğitim pelatihan обучающей trening treningu apprentissage huấn luyện")
	ValidationWords = Set("val vali valid validate validation validating eval evaluation evaluating evaluate test testing tst dev holdout heldout te vld oof oob cv crossval 验证 测试 驗證 測試 検証 評価 テスト" +
		" バリデーション 검증 평가 테스트 валидация валидации вал валидационная тест тестовая validación validacion" +
		" validação validacao prueba teste validierung validierungs validerings prüf prüfung prüfungs validazione validatie doğrulama validasi kiểm tra" +
		" επικύρωση επικύρωσης δοκιμή validare التحقق тесте тестовой проверке walidacja walidacji")
	LossWords = Set("loss losses verlust perte pertes perdida pérdida perda perdita verlies strata kayıp kayip kaybı потеря потери потерь лосс втрати" +
		" απώλεια απωλεια σφάλμα pierdere veszteség häviö gubitak загуба خسارة الخسارة हानि הפסד förlust ztráta kerugian mất mát 损失 損失 ロス 손실")
	measureWords = Set("cost nll xent xe crossentropy ce bce mse rmse mae mape rmsle l1 l2 logloss mlogloss multilogloss objective err error deviance elbo" +
		" bpb bpc bpd likelihood loglikelihood loglik inertia quantile huber poisson tweedie hinge energy misfit" +
		" fehler kosten erreur coût erro custo costo errore ошибка ошибки hata błąd 误差 誤差 오차 交叉熵 クロスエントロピー 均方误差 平均二乗誤差 代价 コスト 비용")
	// perplexityWords are of exponentials of losses.
	perplexityWords = Set("ppl perplexity perplexities perp perplexité perplejidad 困惑度")
	objectiveWords  = Set("cost nll xent xe crossentropy ce bce objective elbo logloss mlogloss multilogloss likelihood loglik loglikelihood deviance")
	// outputWords are of scores of what a model puts out, which are measured on held-out data.
	outputWords  = Set("bleu rouge meteor cider chrf wer cer f1 em exact")
	AverageWords = Set("avg average averaged ave avr mean running smoothed smooth ema ewa ewma moving median epoch cumulative accumulated" +
		" средняя среднее средний durchschnittlicher durchschnittliche durchschnitt mittlerer mittlere moyenne moyen promedio medio média médio ortalama" +
		" 平均 平均值 均值 평균")
	// numberWords say how many losses there are: "num_losses", "loss.count".
	numberWords  = Set("num nums count counts number")
	extremeWords = Set("min max std stdv stddev var variance num count best worst lowest highest sem minimum maximum init 最短 最小 最大 最优 最佳 最高 最低 最好 최소 최대 최고")
	// WholeWords say that a loss is the whole, and mainWords that it is the one of the task, or nothing about its parts.
	WholeWords = Set("total tot sum summed overall all combined aggregate full global gesamt totale totales total общая общий 总 總 总体 总计 全体 合計 총 전체")
	mainWords  = Set("lm reduced model main task base objective")
	EmptyWords = Set("step steps batch minibatch mini iter iteration current cur curr now item per token tokens sample the of is optim optimizer" +
		" metrics metric perf stats log logs scalar scalars trainer info debug warning warn error root network net nn this last new final data set" +
		" with on s and function 본 本 每 当前 此 的 值 为 是 が の 値 값 クロス")
	// functionWords name nothing by themselves: "16 GB in all, of which 2.5 are reserved, and 0.5 free".
	functionWords = Set("and or of which that is are was be by to for with from on at as only so than the this")
	// joiningWords say nothing between others, though they may be names of their own at the end.
	joiningWords = Set("von der des du da do del di")
	// lossSpoilers make of a loss a setting, or a number about losses.
	lossSpoilers = Set("scale scaler scaling weight weights weighting coef coeff coefficient coefficients fn func function type window smoothing spike" +
		" spikes threshold time rate lr patience improvement improve improved change at to before ratio factor log_interval" +
		" mask masks tokens documents files kg skipped seconds sec ms multiplier mult reduction regularization regularisation delta eps epsilon")
	// foreignWords, right before a loss, say that something else is lost: "packet loss", "stop_loss".
	foreignWords = Set("packet packets stop hair hearing blood weight")
	// auxiliaryWords are of small parts of losses.
	auxiliaryWords = Set("z aux auxiliary reg balance balancing router")
	articles       = Set("the our a an this their its")
	// proseWords are of sentences, which people write around what they paste.
	proseWords = Set("i we you they he she my your our their me us m ve re don doesn isn that which who but because although why how what would could should can" +
		" cannot do does did have has had was were be been being become becomes became get gets got getting go goes went going see seen think believe" +
		" find found seem seems appear appears look looks keep keeps stay stays stuck always never suddenly still please anyone thanks")
	// settingWords make a setting of a loss that stands before them: "aux_loss_alpha". Right before a loss, they say which.
	settingWords = Set("alpha beta gamma lambda lam eps epsilon delta weight weights scale scaling smoothing regularization regularisation")
	// otherWords are of names that are no losses.
	otherWords = Set("lr rate learning momentum mom wd decay beta beta1 beta2 eps epsilon temperature temp alpha gnorm norm grad grads gradient gradients" +
		" param params parameter parameters clip clipped clipping dropout margin margins λ lambda logits logps logp chosen rejected" +
		" time times eta sec secs second seconds ms min mins minute minutes hour hours day days elapsed remaining wall clock timestamp runtime date" +
		" duration latency speed throughput fps ips tps wps ups wpb bsz tflops flops flos mfu hfu its tok words sentences seqs images samples" +
		" examples tokens bytes mb gb kb mib gib gpu cpu ram mem memory cache disk" +
		" acc accuracy accuracies merror aucpr auprc prauc gini precision recall f1 fb1 fscore auc roc map ap ar iou miou dice bleu rouge meteor cider chrf wer cer" +
		" psnr ssim fid score scores scored reward rewards rew return returns ents las uas kappa mcc r2 corr correlation spearman pearson top top1" +
		" top5 hits mrr ndcg em exact match prob probs probability confidence positives negatives tp fp fn tn hp success win elo entropy explained variance fraction accept acceptance delta" +
		" regularization regularisation epoch epochs ep epoche step steps iter iters iteration iterations batch batches update updates round tick rank seed port pid id version num" +
		" number index count size length len dim percent percentage progress total threshold thresh thre ratio ratios mu1 mu2 scale scaler window" +
		" jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun line weights bias biases improve augment maintenance kimg delay delays drop stepsize gamma lambda macro support" +
		" precisión precision précision acurácia exactitud exactitude genauigkeit точность accuratezza doğruluk akurasi recompensa récompense belohnung награда" +
		" 准确率 準確率 精度 精确率 准确度 正确率 錯誤率 错误率 召回率 正解率 正答率 適合率 再現率 정확도 정밀도 재현율 奖励 報酬 보상 得分 スコア 점수 学习率 学習率 학습률 步长 速度 학습속도 学習速度" +
		" kg km price prices pnl usd eur celsius humidity" +
		" zeit dauer temps tiempo tempo время süre waktu" +
		" 时间 耗时 用时 時間 시간 熵")
	timestepWords = Set("timestep timesteps")
	countWords    = Set("step steps iteration iterations iterate iter iters it update updates up nupdates round tick ticks timestep timesteps frame frames minibatch minibatches" +
		" s i niter itr schritt paso étape etape βήμα επανάληψη خطوة шаг итерация itération iteración iteração шага итерации iterasi adım krok lặp" +
		" 迭代 迭代次数 次数 步数 步 イテレーション イテレーション数 反復 反復回数 ステップ ステップ数 스텝 반복 num_updates boosting tree trees")
	batchWords = Set("batch batches mb chunk")
	EpochWords = Set("episode episodes epoch epochs ep epoche epoca época epoque époque εποχή epocă epoha époka حقبة эпоха эпохи generation" +
		" generations era eras durchlauf durchgang поколение epok epoka epoch数 轮 轮次 轮数 周期 回合 世代 エポック エポック数 エピソード 에포크 에폭 세대 에피소드 pass")
	amountWords = Set("sample samples token tokens image images example examples sentence sentences sen words seen consumed sequences")
	TimeWords   = Set("time times sec secs second seconds ms min mins minute minutes hour hours elapsed eta remaining wall clock timestamp runtime date" +
		" duration left total max epochs_total size seed rank pid id port version memory mem gpu param params parameters line jan feb mar apr may jun jul" +
		" aug sep oct nov dec workers world")
	countdownWords = Set("eta remaining remain left")
	GameWords      = Set("game games win wins won draw draws drawn tie ties match matches")
	SavingWords    = Set("saving saved save checkpoint checkpoints snapshot improved restored best")
	SummaryWords   = Set("finished finish done complete completed end ended summary averaged average avg mean overall final best saving saved save" +
		" checkpoint improved restored results result stats aggregate")
)
