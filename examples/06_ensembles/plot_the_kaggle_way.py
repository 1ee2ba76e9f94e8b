"""
The Kaggle way, without leakage
===============================

Afterwards you can combine a recurrent network, a linear model and boosted trees over
the same texts by a level that learns from out-of-fold predictions, choose decision
thresholds by them as well, and see what each model adds.
"""

# %%
# Sentences of three packages
# ---------------------------
# Which package does a sentence of documentation come from? The classes are imbalanced,
# so a mean of the F1 scores of all classes judges the decisions.
import time

import matplotlib.pyplot as plt
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier, StackingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sknn_suite import TextRNNClassifier
from sknn_suite.datasets import load_docstrings
from sknn_suite.ensemble import CrossFitStackingClassifier
from sknn_suite.plotting import StackDisplay

texts, packages = load_docstrings(max_files=25)
texts, new_texts, packages, new_packages = train_test_split(
    texts, packages, train_size=500, test_size=500, stratify=packages, random_state=0
)

network = TextRNNClassifier(max_iter=3, n_networks=1, random_state=0)
words = make_pipeline(
    TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
    LogisticRegression(C=10, max_iter=1000),
)
boosting = make_pipeline(
    TfidfVectorizer(min_df=2),
    TruncatedSVD(30, random_state=0),
    HistGradientBoostingClassifier(max_iter=40, random_state=0),
)
members = [("network", network), ("words", words), ("boosting", boosting)]

# %%
# Three fits per model
# --------------------
# Three folds are three fits per model. scikit-learn's stack makes four, and throws the
# predictions of the folds away. Here they train the second level, which is used if it
# clearly beats weights, and then choose an offset for each class, so that decisions are
# good at rare classes too.
level = LogisticRegression(C=10)
stack = CrossFitStackingClassifier(
    members, final_estimator=level, cv=3, decision_threshold="f1_macro"
)
plain = StackingClassifier(members, level, cv=3)
print("                 seconds   log-loss   macro F1")
for package, model in {"sknn_suite": stack, "scikit-learn": plain}.items():
    began = time.perf_counter()
    model.fit(texts, packages)
    seconds = time.perf_counter() - began
    loss = log_loss(new_packages, model.predict_proba(new_texts))
    f1 = f1_score(new_packages, model.predict(new_texts), average="macro")
    print(f"{package:14} {seconds:9.1f} {loss:10.3f} {f1:10.3f}")

# %%
# What the folds say
# ------------------
# The table is for sentences that no model of their fold has seen. The stack is judged
# with a second level that the other folds have trained.
print(stack.score_table_[["neg_log_loss", "spread", "seconds"]].round(3))
print(f"final step: {stack.final_step_}")

# %%
# The sentences themselves have their predictions, for a look at the worst mistakes.
oof = stack.oof_predictions_
oof["package"] = packages
oof["sure"] = oof.filter(like="proba_").max(axis=1)
decided = oof.filter(like="proba_").idxmax(axis=1).str.removeprefix("proba_")
for row in oof[decided != oof["package"]].nlargest(3, "sure").itertuples():
    print(
        f"{row.package} (not {decided[row.Index]}, {row.sure:.2f}): {texts[row.Index]}"
    )

# %%
# What each model adds
# --------------------
# A model is worth its time if it is good, or if its errors are others. The bars at the
# lower left say how much worse a weighted mean would be without it.
StackDisplay.from_estimator(stack)
plt.show()
