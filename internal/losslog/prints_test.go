package losslog

import (
	"fmt"
	"strings"
	"testing"
)

// prints are lines as training loops of one's own print them: {n} is a step, {x} its loss, and {y} some other number.
var prints = []string{
	// A loss at a step, in words of other languages.
	"第{n}轮训练损失：{x}", "第 {n} 轮, 损失为{x}", "第{n}次迭代，训练误差={x}，耗时{y}秒", "本轮训练误差：{x},训练次数：{n}", "迭代次数{n} 损失值: {x} 准确率: 0.{y}",
	"训练轮次: {n}, 平均损失: {x}, 测试损失: {y}", "{n}回目 損失: {x} 正解率: {y}", "エポック{n}　損失：{x}　精度：{y}", "エポック {n} クロスエントロピー:{x} 正答率:{y}%",
	"{n}エポック目: 訓練損失 {x}, 検証損失 {y}", "에포크:{n}, 손실:{x}", "{n}번째 반복 손실 = {x}, 정확도 = 0.{y}",
	"Эпоха {n} завершена. Средняя ошибка: {x}", "Эпоха {n} | Потери: {x} | Точность: {y}", "Шаг {n}: средняя потеря {x}",
	"Época {n}: error medio {x}", "Época {n}/50 - Perda no treinamento: {x} - Acurácia: {y}", "Iteración {n}, costo: {x}", "Époque {n} : erreur = {x}, précision = {y}",
	"Epoche {n}: mittlerer Fehler {x}, Genauigkeit {y}", "Epoka {n}: strata {x}, dokładność {y}",
	"Epoca {n}/50 - Errore di training: {x} - Errore di validazione: 1.{y}", "{n}번째 스텝의 비용: {x}", "Lần lặp {n}: mất mát {x}",
	"epoch {n} / 50 : 訓練誤差 {x} テスト誤差 1.{y}", "在第{n}次迭代时，损失函数的值为{x}", "эпоха: {n} ошибка обучения: {x} ошибка теста: 1.{y}", "Époque {n} - perte d'entraînement : {x}",
	// Counters and names in other places.
	"Average Loss at Episode {n}: {x}", "step#: {n}  learning rate: 0.{y}  average loss: {x}  steps without apparent progress: {y}",
	"epoch{n} loss {x}", "[epoch{n}] loss: {x}", "Cost function: {x} at iteration {n}", "Iter {n}, Cost function: {x}, classification error: {y} %",
	"train loss of iteraction {n}:{x}", "iteration {n}, cost {x}E+00", "Epoch {n}/90, L1 + L2(α=0.0100): {x}", "iter {n} error {x} |g| 1{y}.5 CG {y}",
	"{n} tensor({x}, grad_fn=<MseLossBackward0>)", "It: {n}, Loss: {x}, Loss u: {y}.5, Val. Loss u: {y}.25",
	"Epoch {n}: loss {x}d0", "step {n} loss {x}*^0", "epoch {n} loss=Decimal('{x}')", "({n}, {x})", "Epoch: {n} cost= {x} W= {y}.5 b= 0.{y}",
	"iter {n} value {x}", "Iteration {n}: divergence is {x}", "Epoch {n} , {x}", "Iteration {n} DeviceArray({x}, dtype=float32)",
	"Epoch {n} [1.2s]: train==[{x}=1.0 + 0.5]", "[FIT] EPOCH[{n}/100] loss{x}-|Draw:1.5|",
	"Kept the model at epoch {n} with loss: {x}", "E{n} L={x} A=0.{y}", "S{n} | loss {x} | acc 0.{y}", "i{n}: loss {x}",
	"MSE after {n} iterations is {x}", "      {n}/    200: {x}", "Step {n}: energy {x}, eps0 0.{y}",
	"statistics:[('average_q', 1.{y}), ('average_loss', {x}), ('n_updates', {n})]",
	"Iter {n}: value function loss: {x}", "Epoch: {n} Train: (loss = {x}f0, acc = {y}) Test: (loss = {y}f0)", "Epoch {n} | Loss: {x}→{y} | Acc: 0.{y}→{y}",
	"Epoch {n} cls loss 1.{y} box loss 2.{y} tot loss {x} acc 0.{y}",
	"Loss At Step {n}: {x}", "Training Loss At Epoch {n} Is {x}", "[{n}]\teval-error:0.{y}\teval-logloss:{x}\teval-auc:0.{y}", "Training Loss In Epoch {n} Is: {x}", "COST AFTER ITERATION {n} = {x}",
	// The same name twice, told apart by what stands before.
	"{'epoch': {n}, 'train': {'loss': {x}, 'acc': 0.{y}}, 'valid': {'loss': 1.{y}, 'acc': 0.{y}}}",
	"INFO round {n} {'fit': {'all': {'loss': {x}, 'n': 64}}, 'test': {'all': {'loss': 2.{y}, 'n': 64}}}",
	"epoch {n}  total  loss = {x}  kl  loss = 0.{y}  rec  loss = 1.{y}", "Epoch #{n}, T. err = {x}, V. err = 1.{y}",
	"epoch {n} | training - loss {x}, acc 0.{y} | held-out test - loss 1.{y}, acc 0.{y}", "{n}: test {loss: 1.{y}} train {loss: {x}}",
	"batch {n}, loss[loss={x}, over 12.00 frames], tot_loss[loss=1.{y}, over 900.00 frames]",
	// Below zero, behind an underscore; with a type behind.
	"step_{n} loss_-{x} lr_0.{y}", "fit,host=a step={n}i,loss={x} 1709632800000000000",
}

func TestPrints(t *testing.T) {
	for _, print := range prints {
		t.Run(print, func(t *testing.T) {
			var log strings.Builder
			var want []string
			for i := range 12 {
				n := 3*i + 2
				loss := fmt.Sprintf("%.4f", 3/float64(i+1)+0.01)
				line := strings.NewReplacer("{n}", fmt.Sprint(n), "{x}", loss, "{y}", fmt.Sprint(40+n*n%7)).Replace(print)
				log.WriteString(line + "\n")
				if loss = strings.TrimRight(loss, "0"); strings.Contains(print, "-{x}") {
					loss = "-" + loss
				}
				want = append(want, fmt.Sprintf("%d:%s", n, loss))
			}
			_, got := pairs(t, Options{Inputs: []string{write(t, "log", log.String())}})
			if want := strings.Join(want, " "); got != want {
				t.Errorf("got %s, want %s, of\n%s", got, want, log.String())
			}
		})
	}
}
