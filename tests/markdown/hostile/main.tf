# Whatever a configuration can bring into a comment that is not its own.

locals {
  hostile = [
    "``` </details> @acme/team",
    "`````",
    "</summary></details><h1>Approved</h1>",
    "<!-- flowctl:plan:hostile -->",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[a link](javascript:alert(1)) ![picture](https://evil.example/p.png)",
    "https://evil.example/ www.evil.example evil@evil.example",
    "#1 GH-1 acme/repo#1 !1 ~label %milestone &1 $math$ :+1:",
    "| a | b |\n|---|---|\n/close\n/approve\n# heading\n- [x] done\n> quote",
    "\u202eevil\u001b]0;title\u0007\u200d",
    "*star* _under_ ~~gone~~ **bold** \\` &lt;b&gt; &#64;acme",
    "[//]: # (flowctl:plan:hostile)",
  ]
}

resource "terraform_data" "keys" {
  for_each = toset(local.hostile)
  input    = { (each.key) = each.key, text = "first\n${each.key}\n+ last\n- last\n! last" }
}

moved {
  from = terraform_data.before
  to   = terraform_data.after["``` </details> @acme <!-- flowctl:plan:hostile -->"]
}

check "hostile" {
  assert {
    condition     = length(local.hostile) == 0
    error_message = join("\n", local.hostile)
  }
}

output "hostile" {
  value = local.hostile
}

output "by_name" {
  value = { for text in local.hostile : text => text }
}
