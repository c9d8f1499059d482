r"""Pairs of answers composed for these tests, by category: what counts as the same under the conventions in docs/answers.md."""

SAME: dict[str, list[tuple[str, str]]] = {
    "numbers": [
        ("7", "7.0"), ("007", "7"), ("+4", "4"), ("-0", "0"), (".25", "0.25"), ("3/4", "0.75"), (r"\frac34", "6/8"),
        (r"\dfrac{-7}{3}", r"-\frac73"), (r"\frac{7}{-3}", r"-\tfrac{7}{3}"), ("2^{10}", "1024"), ("2^10", "1024"), ("5.", "5"),
        (r"\frac{1}{3}", "0.333333333"), (r"\sqrt{2}", "1.41421356"), (r"12\pi", "37.6991118"), ("1e-3", "0.001"),
        (r"6.02\times10^{3}", "6020"), (r"6.02 \cdot 10^3", "6020"), ("1.2E4", "12000"), ("10^{-2}", "0.01"), (r"0.\overline{27}", r"\frac{3}{11}"),
        (r"0.\bar{6}", r"\frac23"), ("2^{100}", "1267650600228229401496703205376"), (r"\frac{2}{7}", r"0.\overline{285714}"),
        (r"3\div4", r"\frac34"), ("--5", "5"), ("-(-5)", "5"), (r"\frac{3.5}{7}", "0.5"), (r"1\frac{3}{4}\text{ hours}", "1.75"),
        (r"{}5", "5"), ("  12  ", "12"), (r"17\ldots", r"17\ldots"), ("½", "0.5"), ("2½", r"\frac52"), ("1⁄2", "0.5"), ("⅔", "2/3"),
        ("10,000.5", "10000.5"), ("-1,234", "-1234"), (r"1\,234\,567", "1234567"), ("12 345", "12345"), (r"6,\!720", "6720"), (r"48{,}000", "48000"),
        (r"\text{12,500}", "12500"), ("$1,200", "1200"),
    ],
    "mixed numbers": [
        (r"2\frac{3}{7}", r"\frac{17}{7}"), ("2 3/7", "17/7"), (r"-2\frac12", "-2.5"), (r"4\tfrac14", "4.25"), (r"3\frac{1}{2}\text{ cups}", "7/2"),
        (r"1\ \frac12", "3/2"),
    ],
    "percent": [
        (r"35\%", "35"), ("35%", "0.35"), (r"35\%", r"\frac{7}{20}"), ("12.5 percent", r"\frac18"), (r"120\%", "1.2"), (r"\frac{1}{2}\%", "0.5%"),
        (r"33\frac13\%", r"\frac13"), (r"7\text{ percent}", "7%"),
    ],
    "money": [
        (r"\$18.90", "18.9"), (r"\$1,250", "1250"), ("$7", "7 dollars"), (r"\$\frac{9}{2}", "4.50"), ("€15", "15 euros"), ("£8", "8"), (r"-\$3", "-3"),
        (r"75\text{ cents}", r"\$0.75"), (r"75\text{ cents}", "75"), (r"\text{\$}40", "40"), ("40 USD", r"\$40"), (r"3\text{ dollars}", r"300\text{ cents}"),
    ],
    "units": [
        (r"12\text{ cm}", "12"), ("12 cm", r"12\,\mathrm{cm}"), (r"36\text{ in}^2", "36"), (r"36\text{ square inches}", r"36\text{ in}^{2}"),
        (r"60\text{ mph}", "60"), (r"60 \text{ miles per hour}", "60 mph"), (r"9.8 \mathrm{~m} / \mathrm{s}^{2}", "9.8"), (r"2\text{ hours}", r"120\text{ minutes}"),
        (r"3\text{ km}", r"3000\text{ m}"), (r"1.5\text{ ft}", r"18\text{ inches}"), (r"24\text{ students}", "24"), (r"5\text{ ways}", "5"), ("8 apples", "8"),
        (r"16\pi\text{ square units}", r"16\pi"), (r"4\sqrt2\text{ cm}", r"\sqrt{32}"), (r"x=12\text{ cm}", "12"), (r"5\text{ kg}", "5000 g"), ("20 mL", r"20\text{ milliliters}"),
        (r"3 \mathrm{~cm}^{3}", "3"), (r"10\,\text{m/s}", "10"), (r"30 \frac{\text{km}}{\text{h}}", "30 km/h"), (r"7\text{ hrs}", "7 hours"), ("15 days", "15"),
        (r"100 \text{ sq. ft.}", "100"), (r"25\textrm{ people}", "25"), (r"6 \text{ (six)}", "6"), ("1 week", "7 days"),
    ],
    "degrees": [
        (r"72^\circ", "72"), (r"72^{\circ}", "72°"), (r"72\text{ degrees}", r"72^\circ"), (r"\angle ABC = 40^\circ", "40"), (r"22.5^\circ", r"\frac{45}{2}"),
        (r"m\angle A = 35^{\circ}", r"35^\circ"),
    ],
    "radicals": [
        (r"\sqrt{50}", r"5\sqrt2"), (r"\frac{6}{\sqrt3}", r"2\sqrt{3}"), (r"\sqrt[3]{-27}", "-3"), (r"2^{1/2}", r"\sqrt2"), (r"\sqrt{3+2\sqrt2}", r"1+\sqrt2"),
        ("sqrt(12)", r"2\sqrt{3}"), ("√5", r"\sqrt{5}"), ("2√(3)", r"2\sqrt{3}"), (r"\frac{\sqrt5}{5}", r"\frac{1}{\sqrt{5}}"), (r"\sqrt{\frac{4}{9}}", r"\frac23"),
        (r"(\sqrt{7})^2", "7"), (r"\sqrt[4]{81}", "3"), (r"9^{\frac32}", "27"), (r"\frac{1}{\sqrt5-2}", r"\sqrt5+2"), (r"\sqrt{5}\sqrt{10}", r"5\sqrt{2}"),
        (r"\sqrt[3]{16}", r"2\sqrt[3]{2}"), (r"\sqrt{2}/2", r"\frac{\sqrt2}{2}"),
    ],
    "constants and functions": [
        (r"\sin 30^\circ", r"\frac12"), (r"\cos\frac{\pi}{3}", "0.5"), (r"\tan 45^{\circ}", "1"), (r"\sin(\pi/6)", "1/2"), (r"\ln e^3", "3"), (r"\log_3 81", "4"),
        (r"\log_{10} 1000", "3"), (r"\ln 8", r"3\ln 2"), (r"\frac{\ln 9}{\ln 3}", "2"), (r"\arctan 1", r"\frac{\pi}{4}"), (r"\sin^{-1}\left(\frac12\right)", r"\frac\pi6"),
        ("6!", "720"), (r"\binom{6}{2}", "15"), (r"{6 \choose 2}", "15"), ("C(6,2)", "15"), (r"\frac{10!}{8!}", "90"), (r"\lfloor 3.7 \rfloor", "3"), (r"\lceil \pi \rceil", "4"),
        (r"|-8|", "8"), (r"\left|3-10\right|", "7"), (r"\gcd(12,18)", "6"), (r"\max(3,8)", "8"), (r"e^{\ln 5}", "5"), (r"\cos 2x", r"1-2\sin^2 x"), (r"\csc x", r"\frac{1}{\sin x}"),
        (r"\sin(90^\circ-x)", r"\cos x"), (r"\ln(xy)", r"\ln x+\ln y"), (r"2\ln x", r"\ln x^2"), (r"\log_2 x", r"\frac{\ln x}{\ln 2}"), (r"e^{x+2}", r"e^2e^x"), (r"\sqrt{x^2}", "|x|"),
        (r"\sum_{k=1}^{4} k^2", "30"), (r"\int_0^1 3x^2\,dx", "1"), (r"\lim_{x\to 0}\frac{\sin x}{x}", "1"), (r"\prod_{k=1}^{4} k", "24"), (r"\sum_{n=0}^\infty \frac{1}{3^n}", r"\frac32"),
    ],
    "expressions": [
        ("(x+1)^2", "x^2+2x+1"), (r"\frac{x^2-9}{x+3}", "x-3"), ("3x*y", "3yx"), (r"2(x-1)(x+4)", "2x^2+6x-8"), (r"\frac{3x}{4}", r"\frac34x"), ("x^{-1}", r"\frac1x"), ("5-2x", "-2x+5"),
        (r"a^2b", r"ba^2"), (r"\frac{1}{x}+\frac{1}{y}", r"\frac{x+y}{xy}"), (r"x\cdot x", "x^2"), ("2x+3", "f(x)=2x+3"), ("y=3x-2", "3x-2"), (r"\frac{n(n+1)}{2}", r"\frac{n^2+n}{2}"),
        ("n!", "n(n-1)!"), (r"\binom{n}{2}", r"\frac{n(n-1)}{2}"), (r"x_1+x_2", "x_2+x_1"), (r"\alpha+\beta", r"\beta+\alpha"), (r"\frac{a}{b}\div\frac{c}{d}", r"\frac{ad}{bc}"),
        (r"e^{-x}", r"\frac{1}{e^x}"), (r"x^{1/3}", r"\sqrt[3]{x}"), ("x**2", "x^2"), ("2*x + 1", "2x+1"), (r"a_n=3n", "3n"), (r"\pi r^2", r"r^2\pi"), (r"(a-b)^3", "a^3-3a^2b+3ab^2-b^3"),
    ],
    "complex": [
        ("2+3i", "3i+2"), ("i^2", "-1"), ("(1+i)^2", "2i"), (r"\frac{1}{i}", "-i"), (r"e^{i\pi}", "-1"), (r"2e^{i\pi/3}", r"1+i\sqrt3"), (r"\frac{3+i}{2}", r"\frac32+\frac12i"), ("|3+4i|", "5"),
        (r"\sqrt{-9}", "3i"), (r"4\operatorname{cis}90^\circ", "4i"), (r"-\mathrm{i}", "-i"), (r"\cos 60^\circ+i\sin 60^\circ", r"e^{i\pi/3}"), ("z=1-i", "1-i"), ("(2-i)(2+i)", "5"),
    ],
    "lists and sets": [
        ("1, 2, 3", "3,2,1"), (r"\{4,5\}", "5,4"), (r"1\text{ and }6", "6, 1"), (r"x=2\text{ or }x=-7", "-7,2"), (r"x = 2, -7", r"\{-7, 2\}"), ("2; 9", "9, 2"), (r"\pm5", "5,-5"), (r"\pm\sqrt3", r"\sqrt3,-\sqrt3"),
        (r"1\pm i", "1+i, 1-i"), (r"x=\pm 2", r"\{2,-2\}"), (r"\frac{3\pm\sqrt{17}}{4}", r"\frac{3+\sqrt{17}}{4},\frac{3-\sqrt{17}}{4}"), ("[8]", "8"), (r"\{8\}", "8"), ("2, 4, and 6", "6,4,2"), ("{2, 4}", "4,2"),
        ("$3$ and $8$", "8, 3"), (r"\{(1,2),(3,4)\}", "(3,4),(1,2)"), (r"x_1=1, x_2=5", "1,5"), ("[4, 9]", "4, 9"), (r"x \in \{1,2\}", "1,2"), (r"\text{A, C}", r"\text{C, A}"), (r"x=1, x=4", "4,1"), ("3 5 8", "3, 5, 8"),
    ],
    "tuples": [
        ("(1,2)", "(1, 2)"), (r"\left(\frac12,-3\right)", "(0.5,-3.0)"), ("(x,y)=(4,7)", "(4,7)"), ("x=4, y=7", "(4,7)"), ("y=7, x=4", "(4,7)"), (r"\langle 2,0,1\rangle", "(2,0,1)"), (r"(a,b,c)=(1,2,3)", "(1,2,3)"),
        ("(2;5)", "(2,5)"), ("A(3,4)", "(3,4)"), (r"(\sqrt8, 1)", r"(2\sqrt2,1)"), ("(1,2),(5,6)", "(5,6),(1,2)"), (r"(3\pi, 45^\circ)", r"(3\pi,45^{\circ})"), (r"a=1,\ b=2", r"b=2,\ a=1"), ("(1,2,)", "(1,2)"),
    ],
    "intervals": [
        ("(2,5)", "2<x<5"), ("[2,5)", r"2\le x<5"), (r"(-\infty,3]", r"x\leq3"), (r"x\in[1,4]", "[1,4]"), (r"(0,\infty)", "x>0"), (r"(-\infty,\infty)", r"\mathbb{R}"), (r"\text{all real numbers}", r"(-\infty,\infty)"),
        (r"(-\infty,1)\cup(1,\infty)", r"x\neq1"), (r"(3,4)\cup(-1,0)", r"(-1,0)\cup(3,4)"), (r"x<1\text{ or }x>6", r"(-\infty,1)\cup(6,\infty)"), (r"\{x\mid x\ge 2\}", r"[2,\infty)"), (r"\{x : -1<x<4\}", "(-1,4)"),
        (r"(-\infty, 2]\cup[2,\infty)", r"\mathbb{R}"), ("(-oo, 4)", "x<4"), (r"\mathbb{R}\setminus\{0\}", r"(-\infty,0)\cup(0,\infty)"), ("(1,∞)", r"(1,+\infty)"), (r"1 \le x \text{ and } x \le 3", "[1,3]"), (r"x \in \mathbb{R}", r"\text{all reals}"),
        (r"y \in (0,1]", "(0,1]"), (r"-2\leqslant x\leqslant 2", "|x| \\le 2"),
    ],
    "inequalities": [
        ("x>4", "4<x"), ("3x<12", "x<4"), (r"-2x\le 6", r"x\ge-3"), (r"|x-1|<3", "-2<x<4"), ("5>x>1", "1<x<5"), (r"x+y\le 4", r"2x+2y\le8"), (r"y>2x", r"2x<y"), (r"x^2<9", "-3<x<3"), (r"x \geqslant 7", r"x\ge7"), (r"|x|\ge 2", r"x\le-2\text{ or }x\ge2"),
    ],
    "equations": [
        ("x=9", "9"), ("y=2x-1", "2x-y-1=0"), ("2x+6y=10", "x+3y=5"), (r"x^2+y^2=9", r"x^2+y^2-9=0"), ("y=4x+1", "4x+1=y"), ("k=3", "k = 3.0"), ("f(3)=8", "8"), ("AB=12", "12"), (r"P(A)=\frac14", "0.25"), (r"\text{Area} = 30", "30"),
        (r"S_{10}=55", "55"), ("5=x", "5"), (r"V=\frac43\pi r^3", r"\frac{4\pi r^3}{3}"), (r"(x-1)^2+(y+2)^2=4", r"x^2-2x+y^2+4y+1=0"), (r"y-3=2(x-1)", "y=2x+1"), (r"a = b + 1", "a-b=1"), (r"x\approx2.5", "2.5"), (r"\frac{7}{3}\approx2.33", r"\frac73"),
        (r"x\equiv 4\pmod 9", "4"), (r"3+4=7", "7"), (r"r = 2\sqrt3 \approx 3.46", r"2\sqrt{3}"),
    ],
    "matrices": [
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}"), (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\left[\begin{array}{c}1\\2\end{array}\right]"), (r"\frac12\begin{pmatrix}2&4\\6&8\end{pmatrix}", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"),
        ("[[1,2],[3,4]]", r"\begin{pmatrix}1&2\\3&4\end{pmatrix}"), (r"M=\begin{pmatrix}0&1\\1&0\end{pmatrix}", r"\begin{pmatrix}0&1\\1&0\end{pmatrix}"), (r"\begin{vmatrix}1&2\\3&4\end{vmatrix}", "-2"), (r"\begin{pmatrix}1/2\\0.25\end{pmatrix}", r"\begin{pmatrix}\frac12\\ \frac14\end{pmatrix}"),
        (r"\begin{pmatrix}3\0\end{pmatrix}", r"\begin{pmatrix}3\\0\end{pmatrix}"),
    ],
    "choices and words": [
        (r"\textbf{(C)}", "C"), ("(D)", r"\text{D}"), ("B.", "(B)"), (r"\text{(E) } 14", "14"), (r"\textbf{(A)}\ 20", "(A)"), ("(b) 3", "3"), (r"\text{Yes}", "yes"), (r"\text{a circle}", r"\text{Circle}"), ("no solutions", r"\text{No solution}"),
        (r"\emptyset", r"\text{no solution}"), (r"\varnothing", r"\{\}"), ("twelve", "12"), ("three-fifths", r"\frac35"), ("twenty-one", "21"), (r"\text{DNE}", "does not exist"), (r"\text{undefined}", "Undefined"), ("March 5th", "March 5"), (r"\text{Tuesday}", "Tuesday."),
        (r"\mathrm{odd}", "odd"), ("infinitely many solutions", "Infinitely many"), ("infinity", r"\infty"), ("one half", "0.5"), (r"\text{point } A", r"\text{Point A}"),
    ],
    "bases": [("1011_2", "(1011)_2"), (r"2A_{16}", r"\text{2A}_{16}"), ("1011_2", "11_{10}"), (r"321_{\text{four}}", "321_4"), ("77_8", "77 base 8"), ("N = 110_2", "110_2")],
    "times and ratios": [("3:45 p.m.", "3:45 PM"), ("3:45 PM", "15:45"), (r"3\!:\!45\text{ p.m.}", "3:45"), ("9 a.m.", "9:00 AM"), ("2:3", "4:6"), ("2 to 3", "2:3"), (r"1:\sqrt2", r"\sqrt2:2"), ("5:10:15", "1:2:3"), ("a:b = 3:4", "3:4")],
    "wrappers": [
        (r"\boxed{15}", "15"), (r"$\frac{3}{8}$", r"\frac38"), (r"\(x+1\)", "1+x"), (r"\[ 42 \]", "42"), ("**42**", "42"), (r"\left( 3 \right)", "3"), ("The answer is 12.", "12"), (r"\text{The answer is }12", "12"), ("Answer: 12", "12"), (r"12\,.", "12"), ("12,", "12"),
        (r"\displaystyle\frac{1}{2}", "1/2"), (r"\fbox{9}", "9"), (r"{\bf 40}", "40"), (r"\mathbf{40}", "40"), (r"\color{red}{7}", "7"), ("So $x = 4$.", "4"), (r"\boxed{\text{(C)}}", "C"), ("`12`", "12"), (r"12 \quad", "12"), (r"\big(1,2\big)", "(1,2)"),
        (r"\boxed{x=3}", "3"), ("=5", "5"), (r"\therefore 5", "5"),
    ],
    "malformed": [
        (r"\frac{5}{6", r"\frac56"), (r"\sqrt{7", r"\sqrt7"), (r"\\frac{2}{9}", r"\frac29"), ("frac{2}{9}", r"\frac29"), ("sqrt{6}", r"\sqrt6"), (r"12}", "12"), (r"$12", "12"), (r"\frac 3 4", r"\frac34"), ("1２", "12"), ("x³", "x^3"), ("−4", "-4"), ("3×4", "12"), (r"\left(1,2)", "(1,2)"), ("5\u200b", "5"),
    ],
}

DIFFERENT: dict[str, list[tuple[str, str]]] = {
    "numbers": [
        ("7", "8"), ("0.333", r"\frac13"), ("3.14", r"\pi"), ("1.41", r"\sqrt2"), ("15.62", "15.63"), ("1000", "1001"), ("10^{50}", "10^{50}+1"), ("5", "-5"), (r"\frac23", r"\frac32"), ("0.27", r"0.\overline{27}"), ("1.0001", "1"), ("123", "1,2,3"), ("1,23", "123"), ("2 3", "6"), ("2^{1000}", "2^{1001}"),
        ("12345678901234567890", "12345678901234567891"), (r"\frac{3}{7}1", r"\frac37"), ("4+", "4"), (r"\frac{4}{}", "4"), ("1e5", "1e6"), ("0", r"10^{-30}"), ("12.5", "125"),
    ],
    "mixed numbers": [(r"2\frac{3}{7}", r"\frac67"), (r"2\cdot\frac{3}{7}", r"2\frac37"), (r"1\frac12", r"\frac12")],
    "percent": [("0.35", "35"), (r"35\%", "3.5"), (r"35\%", "0.035"), (r"35\%", r"350\%")],
    "money": [(r"\$5", r"5\text{ cents}"), (r"\$18.90", "18.09"), (r"\$5", "€5")],
    "units": [
        (r"12\text{ cm}", r"12\text{ m}"), (r"12\text{ cm}", "13"), (r"36\text{ in}^2", r"36\text{ in}"), (r"5\text{ hours}", r"5^\circ"), (r"2\text{ hours}", "120"), (r"30\text{ minutes}", r"30\%"), (r"\$30", r"30\text{ minutes}"), (r"3\text{ boys, }4\text{ girls}", "3"), (r"60\text{ mph}", r"60\text{ mi}"),
        (r"5\text{ apples and }6\text{ pears}", "5"), (r"3\text{ ft}", r"3\text{ yd}"),
    ],
    "degrees": [(r"72^\circ", "7.2"), (r"72^\circ", r"72\%"), (r"30^\circ, 60^\circ", r"30^\circ")],
    "radicals": [(r"\sqrt{50}", r"2\sqrt5"), (r"3\sqrt2", r"2\sqrt3"), (r"\sqrt2+\sqrt3", r"\sqrt5"), (r"\sqrt[3]{4}", r"\sqrt4"), (r"5+\sqrt2", r"5\sqrt2"), (r"\sqrt{5}", "5")],
    "constants and functions": [(r"\sin x", r"\cos x"), (r"\pi", "3"), (r"\ln 6", r"\ln 2+\ln 4"), (r"2\pi", r"\frac{2}{\pi}"), ("5!", "5"), (r"\log_2 x", r"\log_3 x"), (r"\sqrt{x^2}", "x"), (r"e^2", "2e"), (r"\binom{6}{2}", r"\frac62"), (r"\sin 30", r"\sin 30^\circ")],
    "expressions": [("x+1", "y+1"), ("(x+1)^2", "x^2+1"), ("f(a)", "f(b)"), ("2x", "2+x"), (r"\frac{1}{2x}", r"\frac{x}{2}"), ("a_1", "a_2"), ("x", "X"), (r"\overrightarrow{PQ}", r"\overrightarrow{QP}"), ("x^2", "x^3"), ("-x", "x"), ("|x|", "x"), ("3x+1", "3x-1"), (r"x+y", "x-y"), ("n", "5"), (r"\frac{x+1}{2}", r"x+\frac12")],
    "complex": [("2+3i", "2-3i"), ("2+3i", "2+3"), ("3i", "3"), ("2+3i", "(2,3)"), ("i", "1"), ("5i", "-5i")],
    "lists and sets": [("1,2,3", "1,2"), ("1,2", "1,3"), (r"\pm 5", "5"), ("5", "5, 6"), (r"\{1,2\}", "(1,2)"), (r"x=1\text{ or }x=2", "1"), ("2,3", "23"), (r"1\pm\sqrt2", r"1+\sqrt2"), (r"\text{A, C}", r"\text{A, B, C}"), ("a=3, b=4", "a=4, b=3")],
    "tuples": [("(1,2)", "(2,1)"), ("(1,2)", "[1,2]"), ("(1,2)", "(1,2,0)"), ("(1,2)", "1"), ("(1,2,3)", "(1,2,-3)"), ("x=4, y=7", "(7,4)"), ("(1,2)", "(1,2),(3,4)"), ("(1,2)", "12")],
    "intervals": [("(2,5)", "[2,5]"), ("(2,5)", r"2\le x<5"), (r"(-\infty,3)", r"(3,\infty)"), (r"(0,1)\cup(2,3)", "(0,3)"), (r"[1,\infty)", r"[1,\infty]"), (r"\infty", r"-\infty"), (r"x\neq1", "x=1"), (r"(0,1)\cup(2,3)", "(0,1)")],
    "inequalities": [("x>4", "x<4"), ("x>4", r"x\ge4"), ("x>4", "y>4"), ("x>4", "4"), (r"x<-1\text{ or }x>1", "-1<x<1"), (r"1<x<5", r"1<x\le5"), ("x+y<4", "x+y<5"), (r"y>2x", r"y<2x")],
    "equations": [("y=2x-1", "y=2x+1"), ("2x+z=1", "1"), ("x=5", "x=6"), ("x^2+y^2=9", "x^2+y^2=3"), ("x=3, y=4", "3"), ("x+y=5", "x-y=5"), (r"\sin x=\frac12", r"\cos x=\frac12"), ("x+y=0", "x+y=1")],
    "matrices": [
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{pmatrix}1&3\\2&4\end{pmatrix}"), (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1&2\end{pmatrix}"), (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", r"\begin{vmatrix}1&2\\3&4\end{vmatrix}"), (r"\begin{pmatrix}1\\2\end{pmatrix}", r"\begin{pmatrix}1\\-2\end{pmatrix}"),
        (r"\begin{pmatrix}1&0\\0&1\end{pmatrix}", "1"),
    ],
    "choices and words": [("A", "B"), (r"\text{(A)}", r"\text{(C)}"), ("yes", "no"), ("even", "not even"), ("circle", "ellipse"), ("0", r"\emptyset"), ("none", "0"), ("(A) 5", "(B) 5"), ("Monday", "Friday"), ("three", "13"), ("(B) 12", "13"), ("odd", "even"), (r"\text{no solution}", "1")],
    "bases": [("1011_2", "1011_3"), ("1011_2", "111_2"), ("52_6", r"52\%"), ("12_5", "7")],
    "times and ratios": [("3:45 p.m.", "3:45 a.m."), ("3:45", "3.45"), ("2:3", "3:2"), ("1:2:3", "1:2"), ("2:3", "2-3"), (r"8:30\text{ a.m.}", r"\frac{4}{15}")],
    "wrappers": [(r"\boxed{15}", "16"), ("", "0"), ("   ", "0"), (r"\boxed{}", "0"), ("None", "0"), ("", "")],
    "malformed": [("x^", "x"), (r"\frac{7", "7"), ("3+", "3"), (r"\sqrt{}", "0"), ("(1,2", "(2,1"), ("lambda: 3", "3"), ("[]", "0")],
}  # fmt: skip
