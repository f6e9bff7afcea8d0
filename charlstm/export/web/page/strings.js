/** The words of the page, in English and Chinese. */

/** @typedef {keyof typeof STRINGS} Language */
/** @typedef {keyof typeof STRINGS.en} Phrase */

const STRINGS = {
  en: {
    language: "中文",
    write: "Write",
    compare: "Compare",
    about: "The model",
    text: "Text",
    placeholder: "Begin a text. The model continues it.",
    begin: "Continue",
    stop: "Stop",
    retry: "Try again",
    undo: "Undo",
    copy: "Copy",
    copied: "Copied",
    save: "Save",
    mode: "Reading",
    stateful: "stateful",
    stateless: "stateless",
    statefulHelp: "carries its state from character to character",
    statelessHelp: "reads the last {0} characters anew for each one",
    temperature: "Temperature",
    temperatureHelp: "low: safer; high: bolder; 0: always the likeliest character",
    length: "Characters to add",
    more: "More settings",
    topK: "Top-k",
    topKHelp: "draw from the k likeliest characters; 0: from all",
    topP: "Top-p",
    topPHelp: "draw from the likeliest characters that together have this probability",
    minP: "Min-p",
    minPHelp: "draw from characters with at least this fraction of the likeliest one's probability",
    repetitionPenalty: "Repetition penalty",
    repetitionPenaltyHelp: "above 1, characters just used become less likely",
    stopAt: "Stop before",
    stopAtHelp: "a text that ends the writing; \\n is a line end",
    randomSeed: "Random seed",
    randomSeedHelp: "empty: a new one each time",
    alternatives: "What could stand here",
    alternativesHelp: "Click a character in the text.",
    after: "after",
    colour: "Colour by surprise",
    colourHelp: "how little each character was expected, given all before it",
    expected: "expected",
    surprising: "surprising",
    characters: "{0} characters",
    rate: "{0} characters/s",
    writing: "writing",
    ready: "ready",
    opening: "opening the model …",
    stopped: "stopped",
    unknown: "The model does not know {0}. Leave it out, or write it in another way.",
    empty: "Write at least one character first.",
    seed: "Text to continue",
    runCompare: "Compare",
    compareHelp: "Both readings continue the same text, with the same random numbers at each position. They differ only where their expectations differ.",
    same: "The same text.",
    differ: "They part at character {0}.",
    cellSteps: "{0} cell steps",
    corpus: "Trained on",
    network: "Network",
    layers: "{0}, window of {1} characters",
    vocabulary: "Vocabulary",
    distinct: "{0} characters",
    parameters: "Parameters",
    score: "Score",
    scoreValue: "{0} nats = {1} bits per character",
    protocol: "on the last {0} characters of the text, which it was not trained on, with the state carried",
    noScore: "not measured",
    precision: "Weights in this file",
    loss: "{0}; on the held-out text {1} nats per character more than in full precision",
    madeWith: "A character-level LSTM, exported by charlstm {0}. Everything is computed on this device; the page makes no requests.",
    tagline: "A character-level LSTM, trained on {0}",
  },
  zh: {
    language: "English",
    write: "写作",
    compare: "比较",
    about: "模型",
    text: "文本",
    placeholder: "写个开头，模型会接着写。",
    begin: "续写",
    stop: "停止",
    retry: "重写",
    undo: "撤销",
    copy: "复制",
    copied: "已复制",
    save: "保存",
    mode: "读法",
    stateful: "有状态",
    stateless: "无状态",
    statefulHelp: "状态逐字传递",
    statelessHelp: "每写一个字都重新读最后 {0} 个字",
    temperature: "温度",
    temperatureHelp: "低则稳妥，高则大胆，0 总取最可能的字",
    length: "续写字数",
    more: "更多设置",
    topK: "Top-k",
    topKHelp: "只从最可能的 k 个字中抽取；0 为全部",
    topP: "Top-p",
    topPHelp: "只从合计达到此概率的最可能的字中抽取",
    minP: "Min-p",
    minPHelp: "只从概率不低于最可能者此比例的字中抽取",
    repetitionPenalty: "重复惩罚",
    repetitionPenaltyHelp: "大于 1 时，刚用过的字更不容易出现",
    stopAt: "遇此停止",
    stopAtHelp: "出现此文本即停止；\\n 表示换行",
    randomSeed: "随机种子",
    randomSeedHelp: "留空则每次不同",
    alternatives: "此处还可以是",
    alternativesHelp: "点击文中的一个字。",
    after: "前文",
    colour: "按意外程度着色",
    colourHelp: "在前文之后，每个字有多出人意料",
    expected: "意料之中",
    surprising: "出人意料",
    characters: "{0} 字",
    rate: "每秒 {0} 字",
    writing: "正在写",
    ready: "就绪",
    opening: "正在打开模型…",
    stopped: "已停止",
    unknown: "模型不认识 {0}。请删去，或换个写法。",
    empty: "请先写至少一个字。",
    seed: "待续的文本",
    runCompare: "比较",
    compareHelp: "两种读法用同样的随机数续写同一文本，只有在预期不同之处才会分开。",
    same: "文本相同。",
    differ: "从第 {0} 个字起不同。",
    cellSteps: "{0} 次单元计算",
    corpus: "训练文本",
    network: "网络",
    layers: "{0}，窗口 {1} 字",
    vocabulary: "字表",
    distinct: "{0} 字",
    parameters: "参数",
    score: "得分",
    scoreValue: "每字 {0} 纳特 = {1} 比特",
    protocol: "在未参与训练的最后 {0} 字上，状态逐字传递",
    noScore: "未测",
    precision: "本文件中的权重",
    loss: "{0}；在留出文本上，每字比全精度多 {1} 纳特",
    madeWith: "由 charlstm {0} 导出的字符级 LSTM。一切计算都在本机进行，页面不发出任何请求。",
    tagline: "字符级 LSTM，训练文本：{0}",
  },
};

/** @type {Language} */ let language = "en";

/** @returns {Language} */
export function currentLanguage() {
  return language;
}

/**
 * Return a phrase in the present language.
 * @param {Phrase} phrase
 * @param {...(string | number)} values In place of {0}, {1} …; numbers get their separators.
 * @returns {string}
 */
export function say(phrase, ...values) {
  return STRINGS[language][phrase].replace(/\{(\d)\}/g, (_, index) => {
    const value = values[Number(index)];
    return typeof value === "number" ? value.toLocaleString(language) : value;
  });
}

/**
 * Show the page in a language: every element with `data-say` gets its phrase, as text or as the attribute named before a colon.
 * @param {Language} chosen
 */
export function showLanguage(chosen) {
  language = chosen;
  document.documentElement.lang = chosen === "zh" ? "zh-Hans" : "en";
  for (const element of document.querySelectorAll("[data-say]")) {
    for (const part of (element.getAttribute("data-say") ?? "").split(" ")) {
      const [phrase, attribute] = /** @type {[Phrase, string?]} */ (part.split(":").reverse());
      if (attribute) element.setAttribute(attribute, say(phrase));
      else element.textContent = say(phrase);
    }
  }
}
