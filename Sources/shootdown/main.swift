print("shootdown")
