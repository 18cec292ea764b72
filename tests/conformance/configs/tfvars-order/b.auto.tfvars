b = "b.auto"
c = "b.auto"
