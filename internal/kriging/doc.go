package kriging
