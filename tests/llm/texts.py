"""Mixed text for tokenizers, the same for every run: prose of many scripts, code, numbers, emoji, odd spaces, control
characters, marks, and bytes that are not UTF-8. Everything is made here from word lists and ranges of code points.
"""

from __future__ import annotations

import random

WORDS = {
    "english": "the of and to a in is it you that he was for on are with as I his they be at one have this from or had by hot "
               "but some what there we can out other were all your when up use word how said each she which do their time if "
               "will way about many then them would write like so these her long make thing see him two has look more day "
               "could go come did my sound no most number who over know water than call first people may down side been now "
               "find any new work part take get place made live where after back little only round man year came show every "
               "don't I'm we've they'll it's he'd you're isn't DON'T I'M WE'VE tokenization internationalization",
    "german": "der die und in den von zu das mit sich des auf für ist im dem nicht ein Straße Größe Übung schön Mädchen",
    "french": "le de un être et à il avoir ne je son que se qui ce dans élève où naïve garçon œuvre l'été d'abord",
    "turkish": "bir ve bu da için ile İstanbul ığdır çok güzel şey öğrenci IĞDIR",
    "polish": "się że nie jest źdźbło łódź gęś żółć ćma książka",
    "vietnamese": "tiếng Việt người không được những một trong với của đến Đặng",
    "greek": "και το η ο του της με που για από είναι Ελλάδα ΟΔΥΣΣΕΥΣ σοφός ἄνθρωπος ᾠδή",
    "russian": "и в не на я быть он с что а по это она этот к но они мы весь который Москва ёлка съёмка",
    "ukrainian": "та що не на є з до як від їжак Київ ґанок об'єкт",
    "arabic": "في من على إلى أن هذا التي الذي كان لا ما هو القرآن مُحَمَّد العَرَبِيَّة ٱلسَّلَامُ ٣١٤ ،؟؛",
    "persian": "می‌خواهم کتاب‌ها است این را که ۱۲۳۴۵ پنج",
    "hebrew": "של את על הוא לא זה כי עם שָׁלוֹם עִבְרִית",
    "hindi": "के में की है और से को हिन्दी क्षत्रिय श्री विद्यार्थी १२३ ।",
    "bengali": "বাংলা এবং করা হয় জন্য ভাষা ক্ষ ১২৩",
    "tamil": "தமிழ் மற்றும் ஒரு இந்த என்று ஸ்ரீ",
    "telugu": "తెలుగు మరియు ఒక ఈ అని భాష శ్రీ ౧౨౩",
    "malayalam": "മലയാളം ഒരു ആണ് ഭാഷ എന്ന സ്ത്രീ",
    "gujarati": "ગુજરાતી અને છે ભાષા એક ૧૨૩",
    "sinhala": "සිංහල සහ මෙම භාෂාව ශ්‍රී",
    "burmese": "မြန်မာ ဘာသာ နှင့် ဖြစ်သည် ၁၂၃ ။",
    "thai": "ภาษาไทย และ ที่ เป็น ของ กำลัง น้ำ ๑๒๓",
    "georgian": "და რომ ქართული ენა საქართველო",
    "armenian": "և է հայերեն լեզու Երեւան",
    "amharic": "እና ነው አማርኛ ቋንቋ ።",
    "chinese": "的一是不了人我在有他这为之大来以个中上们到说国和地也子时道出而要于就下得可你年生自会那后能对着事其里所去行过家十用发天如然作方成者多日都三小军二无同么经法当起与好看学进种将还分此心前面又定见只主没公从 龍龜鬱 㐀㐁 豈更 𠀀𠀁",
    "japanese": "の に は を た が で て と し れ さ ある いる する 日本語 カタカナ ﾊﾝｶｸ ガギグ がぎぐ 東京 、。",
    "korean": "이 그 저 것 하다 있다 되다 한국어 대한민국 서울 값 닭 ㄱㄴ 각",
    "khmer": "ភាសាខ្មែរ និង ជា",
    "cherokee": "ᏣᎳᎩ ᎦᏬᏂᎯᏍᏗ",
}
CODE = [
    "def f(x: int = 3) -> list[str]:\n    return [str(i) for i in range(x)]  # done\n",
    "for (int i = 0; i < n; ++i) {\n\tsum += a[i] * b[i];\n}\n",
    "\t\tif (x != NULL && *x == 0x7fFF) return -1.5e-10;",
    "<div class=\"a-b\"><p>Hello&nbsp;World</p></div>\r\n",
    "SELECT * FROM t WHERE a='b''c' AND d>=10;",
    "{\"key\": [1, 2.50, null, true], \"k\\u00e9y\": \"v\"}",
    "https://example.com/a/b?c=d&e=%20f#g user@example.org",
    "#include <vector>\n#define MAX(a,b) ((a)>(b)?(a):(b))\n\n\n",
    "$ ls -la | grep '^d' > /dev/null 2>&1 && echo \"$HOME\"",
    "x = y**2 + z//3 - ~w ^ 0b1010 | 1_000_000",
    "C:\\Program Files\\x y\\z.txt", "a->b::c.d<e,f>(&&g)...;", "- [x] **bold** _it_ `code` ~~no~~ | a | b |", "\\frac{1}{2} \\alpha_{i}^{2}",
]
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "❤️", "1️⃣", "☃", "✈️", "🧑‍💻", "‼️", "©️", "🤷🏻‍♂️", "🎉🎉🎉"]
SPACES = [" ", "  ", "   ", "\t", "\n", "\n\n", "\r\n", " \n ", "\u00a0", "\u2003", "\u3000", "\u2028", "\u200b", "\ufeff", "\u1680", "\x0b", "\x0c",
          "\x85", "    ", "        ", "\u202f", "\u200d", "\u200c"]
ODD = ["\x00", "\x01", "\x1b[0m", "\x7f", "\x9f", "\ufffd", "\uffff", "\U0010ffff", "\u0301", "e\u0301", "a\u0323\u0307", "ﬁ", "ﬃ", "½", "Ⅷ", "²³", "①", "㎏",
       "™", "Å", "ﷺ", "ß", "ẞ", "ſ", "'ſ", "'S", "'LL", "'Re", "İ", "ı", "ǅ", "…", "—", "«»", "“”", "‘’", "'", "''", "´", "`", "¿¡", "€£¥", "№", "§", "°C",
       "\u0344", "\u1e9b\u0323", "각", "한글", "\u0b95\u0bca", "ﾞ", "゛", "〜", "～", "ｱﾞ", "ＡＢＣ１２３", "𝔘𝔫𝔦", "𝟘𝟙", "٣", "१", "๓", "〇", "Ⅻ", "\ue000", "\u0378",
       "▁", "▁▁a", "<s>", "</s>", "<unk>", "[CLS]", "[MASK]", "[SEP]", "<|endoftext|>", "<0x0A>", "Ġ", "##a", "Ω", "ϴ", "ẛ", "\u0f73\u0f71", "\u0345"]
BROKEN = [b"\xff", b"\xc3", b"\xc3(", b"\xe2\x82", b"\xe2\x28\xa1", b"\xf0\x9f\x98", b"\xf0\x28\x8c\xbc", b"\xed\xa0\x80", b"\xc0\xaf",
          b"\xf4\x90\x80\x80", b"\x80\x80", b"\xe0\x80\x80", b"\xf8\x88\x80\x80\x80", b"abc\xe4\xbd", b"\xfe\xff"]
# Blocks that Unicode 8 knew; the reference's tables differ from one another beyond it.
BLOCKS = [(0x20, 0x7e), (0xa1, 0x17f), (0x180, 0x24f), (0x370, 0x3ff), (0x400, 0x4ff), (0x5d0, 0x5ea), (0x620, 0x64a), (0x905, 0x939), (0xe01, 0xe3a),
          (0x1100, 0x1112), (0x2000, 0x206f), (0x20a0, 0x20bd), (0x2100, 0x218b), (0x2190, 0x23fa), (0x2500, 0x27bf), (0x3041, 0x3096),
          (0x30a1, 0x30fa), (0x4e00, 0x9fa5), (0xac00, 0xd7a3), (0xff01, 0xffdc), (0x1d400, 0x1d454), (0x1f300, 0x1f3fa), (0x300, 0x36f)]


def numbers(rng: random.Random) -> str:
    return rng.choice(["{:d}", "{:,d}", "{:.3f}", "0x{:x}", "{:d}%", "${:d}.00", "{:d}th", "-{:d}", "+{:d}", "{:e}"]).format(rng.randrange(10**rng.randrange(1, 12)))


def words(rng: random.Random) -> str:
    script = rng.choice(sorted(WORDS))
    count = rng.randrange(1, 12)
    if script == "chinese":
        return "".join(rng.choice(WORDS[script]) for _ in range(count * 2)) + rng.choice(["。", "，", "！", ""])
    text = " ".join(rng.choice(WORDS[script].split()) for _ in range(count)) + rng.choice([".", ",", "!", "?", "", ":", ";", "..."])
    return rng.choice([str, str, str.upper, str.title, str.capitalize])(text)


def scattered(rng: random.Random) -> str:
    out = []
    for _ in range(rng.randrange(1, 20)):
        low, high = rng.choice(BLOCKS)
        c = chr(rng.randrange(low, high + 1))
        if c.isprintable():
            out.append(c)
    return "".join(out)


def line(rng: random.Random) -> bytes:
    parts: list[bytes] = []
    for _ in range(rng.randrange(1, 7)):
        kind = rng.randrange(100)
        if kind < 45:
            text = words(rng)
        elif kind < 55:
            text = rng.choice(CODE)
        elif kind < 63:
            text = numbers(rng)
        elif kind < 70:
            text = rng.choice(EMOJI) * rng.randrange(1, 3)
        elif kind < 80:
            text = rng.choice(ODD)
        elif kind < 87:
            text = scattered(rng)
        elif kind < 92:
            text = rng.choice("aA1 .\n-=é中\u0301") * rng.randrange(1, 60)
        elif kind < 95:
            parts.append(rng.choice(BROKEN))
            continue
        else:
            text = rng.choice(SPACES) * rng.randrange(1, 9)
        parts.append(text.encode())
        if rng.random() < 0.6:
            parts.append(rng.choice(SPACES[:8] if rng.random() < 0.7 else SPACES).encode())
    return b"".join(parts)


def lines(count: int, seed: int = 7) -> list[bytes]:
    rng = random.Random(seed)
    return [line(rng) for _ in range(count)]


def training(count: int = 1500) -> list[str]:
    """What the tests train their tokenizers on; texts of the same kinds, from another seed."""
    return [text.decode(errors="ignore") for text in lines(count, seed=11)]
