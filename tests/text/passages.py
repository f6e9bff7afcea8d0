"""The same scene in the languages of many encodings, written for these tests."""

PASSAGES = {
    "Russian": """Паром пришёл утром. Старый паромщик долго смотрел на воду и молчал, а дети бегали по берегу.
— Когда мы поедем? — спросила девочка и посмотрела на тот берег, где стоял дом её бабушки.
Он ничего не ответил, снял шапку и пошёл к реке. Ветер стих, вода потемнела, и над лесом взошла луна.
""",
    "Ukrainian": """Пором прийшов уранці. Старий поромник довго дивився на воду й мовчав, а діти бігали по березі.
Її бабуся жила на тому боці, де стояла біла хата; ґанок її заріс виноградом.
Уночі йшов дощ, і ніхто не приїхав. Лише листоноша приніс із міста листа.
""",
    "Japanese": """渡し船は朝に着いた。老人は川をながめて、何も言わなかった。
「いつ出るの」と女の子は聞いて、祖母の家がある向こう岸を見た。
彼は答えずに帽子を取り、川へ歩いていった。風はやみ、水は暗くなり、森の上に月が出た。
""",
    "Chinese": """渡船早上到了。老船夫看着江水，什么也没说，孩子们在岸上跑来跑去。
“我们什么时候走？”小姑娘问，她望着对岸，那里是外婆的家。
他没有回答，摘下帽子，朝河边走去。风停了，水暗下来，月亮从树林上面升起。
""",
    "Taiwanese": """渡船早上到了。老船夫看著江水，什麼也沒說，孩子們在岸上跑來跑去。
「我們什麼時候走？」小姑娘問，她望著對岸，那裡是外婆的家。
他沒有回答，摘下帽子，朝河邊走去。風停了，水暗下來，月亮從樹林上面升起。
""",
    "Korean": """나룻배가 아침에 왔다. 늙은 사공은 강물을 바라보며 아무 말도 하지 않았다.
"우리 언제 떠나요?" 하고 소녀가 물으며 할머니의 집이 있는 건너편을 바라보았다.
그는 대답하지 않고 모자를 벗어 들고 강으로 걸어갔다. 바람이 멎고 숲 위로 달이 떠올랐다.
""",
    "Greek": """Το πορθμείο ήρθε το πρωί. Ο γέρος κοίταζε το νερό και σώπαινε, ενώ τα παιδιά έτρεχαν στην όχθη.
«Πότε φεύγουμε;» ρώτησε το κορίτσι και κοίταξε απέναντι, εκεί όπου ήταν το σπίτι της γιαγιάς της.
""",
    "Hebrew": """המעבורת הגיעה בבוקר. הזקן הביט במים ושתק, והילדים רצו על הגדה.
מתי ניסע, שאלה הילדה והביטה אל הגדה השנייה, שבה עמד בית סבתה.
""",
    "German": """Die Fähre kam früh. Der Fährmann grüßte müde und schwieg, während die Kinder am Ufer spielten.
„Wann fahren wir?“, fragte das Mädchen und blickte hinüber zum Haus seiner Großmutter.
Er antwortete nicht, nahm die Mütze ab und ging zum Fluß. Über dem Wald stieg der Mond auf.
""",
    "French": """Le passeur arriva très tôt. « Où êtes-vous allé ? » demanda la fille, les yeux fixés sur l’autre rive.
Il ne répondit pas, ôta sa casquette et marcha vers la rivière. À l’aube, le vent était tombé.
""",
    "English": """The ferry came “early” – the ferryman said nothing. It cost 5 € — or £3, as he’d always told us.
“When do we go?” asked the girl, and looked across to where her grandmother’s house stood.
He didn’t answer; he took off his cap and went down to the river.
""",
    "Polish": """Prom przypłynął rano. Stary przewoźnik długo patrzył na wodę i milczał, a dzieci biegały po brzegu.
— Kiedy jedziemy? — zapytała dziewczynka i spojrzała na drugi brzeg, gdzie stał dom jej babci.
""",
}

ENCODED = [
    *[("Russian", encoding) for encoding in ["cp1251", "koi8-r", "cp866", "iso8859-5", "mac-cyrillic"]],
    *[("Ukrainian", encoding) for encoding in ["cp1251", "koi8-u"]],
    *[("Japanese", encoding) for encoding in ["shift_jis", "euc_jp"]],
    *[("Chinese", encoding) for encoding in ["gb18030", "gbk"]],
    *[("Taiwanese", "big5"), ("Korean", "euc_kr"), ("Hebrew", "cp1255"), ("Greek", "cp1253"), ("Greek", "iso8859-7")],
    *[(language, "cp1252") for language in ["German", "French", "English"]],
    *[("German", encoding) for encoding in ["latin-1", "mac-roman", "cp850"]],
    *[("Polish", encoding) for encoding in ["cp1250", "iso8859-2"]],
]
"""Passages and encodings that have most of their characters."""


def passage(language: str, encoding: str) -> str:
    """Return a passage without the characters that an encoding lacks, such as dashes."""
    return PASSAGES[language].encode(encoding, "ignore").decode(encoding)
