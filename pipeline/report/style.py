"""The page's style sheet: from 400 to 1,600 pixels, light, dark and on paper."""

from pipeline.report.figures import SHAPE

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1a1f26;--dim:#59636f;--rule:#dfe3e8;
--card:#f7f8fa;--rows:#3f6fb5;--seconds:#6b7684;--lag:#935a0b;--bytes:#2f8577;--runs:#5b957a;--bad:#b3261e;
--good:#1c7048;--wash:#fdf1f0}
@media(prefers-color-scheme:dark){:root{--paper:#12161b;--ink:#e4e8ec;--dim:#9ba6b2;
--rule:#2b323a;--card:#191e25;--rows:#78a6e8;--seconds:#9ba6b2;--lag:#dfa24a;--bytes:#62bdae;
--runs:#5b957a;--bad:#ff8f87;--good:#6cc79a;--wash:#2a1a1b}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1600px;padding:20px 16px 40px;background:var(--paper);
color:var(--ink);font:13px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",
Arial,sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
h1,h2,h3,p,dl,dd,ol,ul{margin:0;padding:0}
h1{font-size:20px;letter-spacing:-.01em}
h2{font-size:14px;margin:28px 0 8px}
h3{font-size:13px;font-weight:600}
ol,ul{list-style:none}
svg{display:block;width:100%;overflow:visible}
.dim,dt{color:var(--dim)}
.sum{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:1px;
background:var(--rule);border:1px solid var(--rule);border-radius:6px;overflow:hidden}
.sum div{background:var(--paper);padding:8px 10px}
.sum dd{font-size:18px;font-weight:600}
.all{display:grid;grid-template-columns:minmax(0,1fr);gap:16px 20px;
margin-top:16px}
figcaption{font-weight:600;margin-bottom:2px}
figcaption span{font-weight:400;color:var(--dim)}
figure{margin:0;min-width:0}
.chip{font-size:11px;font-weight:600;padding:0 6px;border:1px solid;border-radius:9px;
color:var(--good);white-space:nowrap}
.bad .chip{color:var(--bad)}
.due .chip{color:var(--lag)}
.todo li{padding:8px 12px;border-left:3px solid var(--bad);background:var(--wash);
margin-bottom:8px}
.todo .due{border-color:var(--lag);background:var(--card)}
.todo p{margin-top:3px;max-width:120ch}
a{color:inherit;text-underline-offset:2px}
ol>li{border-top:1px solid var(--rule);padding:10px 0;display:grid;gap:4px 20px;
grid-template-columns:minmax(0,1fr)}
ol header{display:flex;gap:8px;align-items:baseline;flex-wrap:wrap}
.f{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:10px 16px}
.f svg{aspect-ratio:SHAPE;border-bottom:1px solid var(--rule);margin-bottom:3px}
.f p{font-size:11px;line-height:1.35;color:var(--dim)}
.f b{display:block;color:var(--ink);font-weight:600}
path{vector-effect:non-scaling-stroke}
.f path{fill:currentColor;stroke:currentColor}
.f :nth-child(1) svg{color:var(--rows)}
.f :nth-child(2) svg{color:var(--seconds)}
.f :nth-child(3) svg{color:var(--bytes)}
.f :nth-child(4) path{fill:none;stroke:var(--lag);stroke-width:1.5}
.f .e,.f .c,.f .d{stroke-width:5}
.f i:nth-of-type(1),.e{color:var(--bad)}
.f i:nth-of-type(2),.c{color:var(--lag)}
.d{color:var(--seconds)}
.n{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);
grid-template-rows:repeat(8,auto);gap:0 12px}
.n dt{font-size:11px}
.n dd{margin-bottom:4px}
i{font-style:normal}
header i+i{color:var(--dim)}
.p{font-size:12px;color:var(--dim)}
.p b{color:var(--ink);font-weight:600}
.p,ol details{grid-column:1/-1}
details{overflow-x:auto;font-size:12px}
.all+details{margin-top:10px}
summary{cursor:pointer;color:var(--dim);width:max-content}
table{border-collapse:collapse;margin-top:4px;overflow-wrap:normal}
th,td{padding:2px 0 2px 14px;text-align:right;white-space:nowrap;font-weight:400}
th:first-child{padding-left:0;text-align:left}
tr:first-child th{color:var(--dim);vertical-align:bottom}
tr+tr{border-top:1px solid var(--rule)}
footer{margin-top:28px;color:var(--dim);font-size:12px;max-width:90ch}
@media(min-width:520px){.sum{grid-template-columns:repeat(5,minmax(0,1fr))}}
@media(min-width:640px){.all{grid-template-columns:repeat(2,minmax(0,1fr))}
.f{grid-template-columns:repeat(5,minmax(0,1fr))}.n{grid-template-rows:repeat(4,auto)}}
@media(min-width:1000px){.all{grid-template-columns:repeat(4,minmax(0,1fr))}
.sum{grid-template-columns:repeat(10,minmax(0,1fr))}
ol>li{grid-template-columns:minmax(0,4fr) minmax(0,7fr);grid-template-rows:auto 1fr}
ol .f{grid-column:2;grid-row:1/span 2}}
@media print{@page{margin:12mm}:root{color-scheme:light;--paper:#fff;--ink:#000;--dim:#444;
--rule:#bbb;--card:#fff;--rows:#3f6fb5;--seconds:#555;--lag:#8a5300;--bytes:#1f6f62;
--runs:#5b957a;--bad:#a01812;--good:#155c39;--wash:#fff}body{padding:0;font-size:9pt}
.f{grid-template-columns:repeat(5,minmax(0,1fr))}.n{grid-template-rows:repeat(4,auto)}details{overflow:visible;font-size:8pt}
details::details-content{content-visibility:visible}
li,figure,tr{break-inside:avoid}}
""".replace("SHAPE", f"{SHAPE:g}")
