/** The texts of the tour in English. Words in braces are replaced by the numbers of the model. */

export const TOUR = {
  features: {
    question: "What are samples, time steps and features?",
    answer:
      "Keras reads windows of shape `[samples, time steps, features]`, here `[samples, {W}, {d}]`. A time step is one character. The features are the numbers that describe this one character: with the encoding of this model ({encoding}) there are {d}.\nOne more feature would make the vector `x` longer by one number and the kernel by one row of {more} weights. It would not make the window longer.",
    task: "Put the caret into the text and press the right arrow key a few times. Each press is one time step: the numbers change, the shapes above the columns stay.",
  },
  units: {
    question: "Are units the same as time steps?",
    answer:
      "No. `LSTM({u})` has {u} units: memory cells that work side by side. The text has {T} time steps, a training window {W}. Either number can be changed without the other.\nIn the picture, a row is a unit and a column is a time step. Every unit reads every character.",
    task: "Click on the picture. Up and down you meet other units at the same character, left and right the same unit at other characters.",
  },
  columns: {
    question: "Which columns of the kernel belong to which gate?",
    answer:
      "Keras keeps the weights of all four gates in one array, in the order i, f, c, o (this page calls the candidate c̃ by its usual letter g). So `kernel[:, :u]` is the input gate, `kernel[:, u:2u]` the forget gate, `kernel[:, 2u:3u]` the candidate, `kernel[:, 3u:]` the output gate, with u = {u}.\nUnit {unit} has the columns {i}, {f}, {g} and {o}. `recurrent_kernel` and `bias` are laid out in the same way.",
    task: "Open the number W·x of the output gate o, and compare its column with 3 · {u} + {unit}.",
  },
  parameters: {
    question: "Where does the number of parameters come from?",
    answer:
      "Each of the four gates has a kernel `[d, u]`, a recurrent kernel `[u, u]` and, unless `use_bias=False`, a bias `[u]`: 4 · (d · u + u · u + u) in all. Layer {layer} has {product} = {parameters} parameters.\nThe smallest LSTM, with one unit and one feature, has 4 · (1 + 1 + 1) = 12. With two features it has 16, because each feature adds a row of 4 · u weights. The number of time steps does not occur: the same weights are used at every step.",
    task: "Open U·h of another gate: the sum has {u} terms, one for each unit of the layer. Which unit contributes most?",
  },
  encoding: {
    question: "Why does a model learn worse from one number per character?",
    answer:
      "With the scalar encoding, the input is one number, `id / V`, and the kernel has one row. The ids follow the order of the characters, so neighbours in the vocabulary differ by 1/{V} = {step} and look almost the same to every gate, whatever they mean.\nA one-hot vector has one row of the kernel for each character: W·x is simply that row's entry, and each character can have an effect of its own. This model uses the encoding {encoding}.",
    task: "Open W·x at two different characters. With one-hot the row of the kernel changes; with scalar only the factor does.",
  },
  previous: {
    question: "Does Keras really use the previous output and the cell state?",
    answer:
      "Yes, both. The previous output h enters all four gates as U·h, next to the input's W·x. The previous cell state c enters the new one as f · c. Both are numbers in the equations on this page, and they are the numbers that Keras computes.\nThe cell state does not enter the gates directly (that would be a peephole LSTM, which Keras does not have).",
    task: "Open the view “Change it”, press “Reset the state here”, and come back: U·h and c of the step before are 0 now, and other characters are expected.",
  },
  carried: {
    question: "Is the state carried from window to window?",
    answer:
      "Not by default. With `stateful=False`, Keras starts every window from a zero state: the model sees its {W} characters and nothing before them. With `stateful=True` the state after a batch is the start of the next.\nBelow, the same model reads the last k characters from a zero state, beside the whole text with the state carried.",
    task: "Move the slider for k. From which length on do both expect nearly the same?",
  },
  reset: {
    question: "When is the state reset?",
    answer:
      "Without `stateful`, before every window. With `stateful=True`, only where you call `layer.reset_state()`: Keras never guesses where a text begins. Forgetting the call lets one text run into the next; calling it too often turns the model into a stateless one.",
    task: "Put the caret after another character and press “Reset the state here”. Follow the colours to the right: after how many characters does the cell state look as it did before?",
  },
  batch: {
    question: "Why does stateful=True want a fixed batch size?",
    answer:
      "The state is an array `[batch, u]`: one row of {u} numbers for h and one for c for each text that is read in parallel. Row j of the next batch continues row j of this one, so the batch must keep its size, and the texts must stay in their rows. Shuffling would mix them up.\nHere the batch has one row. A column of the picture is that row after one character.",
    task: "Change what is shown from c to h: these two arrays are all that is carried. Everything else is computed anew at each step.",
  },
  sequences: {
    question: "What does return_sequences do?",
    answer:
      "The layer computes h after every time step in any case. With `return_sequences=True` it returns all of them, `[batch, time steps, {u}]`: the whole picture. With `False` it returns the last column alone, `[batch, {u}]`.\nA layer that feeds another LSTM must return the sequence, because the next layer also reads step by step.",
    task: "Click the last column of the picture: these {u} numbers are what `return_sequences=False` returns.",
  },
  distributed: {
    question: "What does TimeDistributed(Dense) do?",
    answer:
      "It applies the same Dense layer, with the same weights `{dense}`, to h at every time step. So each character of the text has its own prediction of the next one, which is listed beside the text. A plain `Dense` after `return_sequences=True` computes the same, because Dense works on the last axis.\nFor training that means one target for each time step instead of one for each window.",
    task: "Move along the text and watch the list: every position has a distribution, computed by the same softmax layer.",
  },
  forget: {
    question: "Why is the forget gate special?",
    answer:
      "It decides how much of the cell state stays: f · c. Keras starts its bias at 1 (`unit_forget_bias=True`), so that σ(1) = 0.73 of the state stays at each step until the model has learned better. With a bias of 0 half of the state would be lost at each step, and little could be learned over longer distances.",
    task: "Hold the forget gate of the layer at 0, then at 1, and look at the texts: without memory the model forgets what it is writing, with perfect memory it cannot let go.",
  },
  hard: {
    question: "What is hard_sigmoid, and does it matter?",
    answer:
      "It is a piecewise linear stand-in for the sigmoid: 0 below, 1 above, a straight line between. In Keras 3 it is `z / 6 + 0.5`, in older versions it was `0.2 z + 0.5`. Early versions of Keras used the older one for the gates of an LSTM by default. Weights from then need that very function, `clip(0.2 z + 0.5, 0, 1)`: with any other, also with what Keras 3 calls hard_sigmoid, every gate has other values.\nThis model uses {gate} for the gates and {squash} for candidate and output.",
    task: "Compare z with the value of a gate in the table. Would z / 6 + 0.5 give the same?",
  },
  temperature: {
    question: "What does temperature do?",
    answer:
      "It divides the logits before the softmax, and changes nothing else: no gate, no state. The likeliest character here is {likeliest} with {p}. At temperature 0.5 it would have {p_low}, at 1.5 {p_high}. At 0 it is always taken; the higher the temperature, the more even the distribution.",
    task: "Find a place where the model is unsure (several characters with similar bars). There, temperature matters; where one bar is long, it hardly does.",
  },
  memory: {
    question: "How far back does the model see?",
    answer:
      "Two exact answers. The colours below show what each earlier character did: how far the prediction moves if the text is read without it. The curve shows how far the prediction with the last k characters alone is from the one with the whole text.\nHere the last {enough} characters decide the prediction to 0.01 nats. It depends on the place: inside a word few are enough.",
    task: "Look for a place where more characters matter, such as a closing quotation mark or the second mention of a name.",
  },
};
