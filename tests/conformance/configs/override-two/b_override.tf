locals { a = 3 }
