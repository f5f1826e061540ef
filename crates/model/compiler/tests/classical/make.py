"""Writes classical models as ONNX files, each with inputs and onnxruntime's outputs, as `tests/classical.rs` reads them.

    pip install onnxruntime scikit-learn skl2onnx xgboost lightgbm onnxmltools
    python make.py DIR [--samples N] [NAME...]
    VOUCH_CLASSICAL=DIR cargo test -p vouch-compiler --test classical -- --nocapture

Models are trained on half of a data set that comes with scikit-learn. Ranges are taken from that half. The samples are rows
of the other half, and beyond those points between two rows of it.
"""

import argparse
import json
import pathlib
import sys
import warnings

import numpy as np
import onnxruntime
from lightgbm import LGBMClassifier, LGBMRegressor
from onnxmltools import convert_lightgbm, convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsType
from skl2onnx import to_onnx
from skl2onnx.common import _container
from skl2onnx.common.data_types import FloatTensorType
from sklearn import cluster, compose, datasets, decomposition, discriminant_analysis, ensemble, feature_selection
from sklearn import gaussian_process, impute, linear_model, mixture, naive_bayes, neighbors
from sklearn import multiclass, multioutput, neural_network, preprocessing, svm, tree
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.pipeline import make_pipeline
from xgboost import XGBClassifier, XGBRegressor, XGBRFRegressor

scale = preprocessing.StandardScaler


def integers(make_node):
    """skl2onnx writes truth values of histogram boosting, which protobuf does not take for integers."""

    def whole(value):
        return int(value) if isinstance(value, (bool, np.bool_, np.integer)) else value

    def wrapped(*args, **attributes):
        attributes = {k: [whole(x) for x in v] if isinstance(v, list) else v for k, v in attributes.items()}
        return make_node(*args, **attributes)

    return wrapped


_container.make_node = integers(_container.make_node)

CLASSIFIERS = {
    "ada_boost": ensemble.AdaBoostClassifier(n_estimators=10, random_state=0),
    "bagging": ensemble.BaggingClassifier(n_estimators=5, random_state=0),
    "bernoulli_nb": make_pipeline(scale(), naive_bayes.BernoulliNB()),
    "calibrated": make_pipeline(scale(), CalibratedClassifierCV(svm.LinearSVC(random_state=0))),
    "extra_trees": ensemble.ExtraTreesClassifier(10, max_depth=5, random_state=0),
    "forest": ensemble.RandomForestClassifier(20, max_depth=6, random_state=0),
    "gaussian_nb": naive_bayes.GaussianNB(),
    "gradient_boosting": ensemble.GradientBoostingClassifier(n_estimators=10, random_state=0),
    "hist_boosting": ensemble.HistGradientBoostingClassifier(max_iter=10, random_state=0),
    "k_neighbors": make_pipeline(scale(), neighbors.KNeighborsClassifier(3)),
    "lda": discriminant_analysis.LinearDiscriminantAnalysis(),
    "lightgbm": LGBMClassifier(n_estimators=20, num_leaves=15, random_state=0, verbose=-1),
    "linear_svc": svm.LinearSVC(random_state=0),
    "logistic": make_pipeline(scale(), linear_model.LogisticRegression()),
    "logistic_min_max": make_pipeline(preprocessing.MinMaxScaler(), linear_model.LogisticRegression()),
    "mlp": make_pipeline(scale(), neural_network.MLPClassifier(hidden_layer_sizes=(32, 16), random_state=0, max_iter=2000)),
    "multinomial_nb": make_pipeline(preprocessing.MinMaxScaler(clip=True), naive_bayes.MultinomialNB()),
    "nu_svc": make_pipeline(scale(), svm.NuSVC(nu=0.2, probability=True, random_state=0)),
    "one_vs_rest": make_pipeline(scale(), multiclass.OneVsRestClassifier(linear_model.LogisticRegression())),
    "pca_logistic": make_pipeline(scale(), decomposition.PCA(3), linear_model.LogisticRegression()),
    "perceptron": make_pipeline(scale(), linear_model.Perceptron(random_state=0)),
    "qda": make_pipeline(scale(), discriminant_analysis.QuadraticDiscriminantAnalysis(reg_param=0.1)),
    "ridge": make_pipeline(scale(), linear_model.RidgeClassifier()),
    "select_forest": make_pipeline(
        feature_selection.SelectKBest(k=3), ensemble.RandomForestClassifier(5, max_depth=4, random_state=0)
    ),
    "sgd": make_pipeline(scale(), linear_model.SGDClassifier(loss="log_loss", random_state=0)),
    "stacking": make_pipeline(
        scale(),
        ensemble.StackingClassifier(
            [
                ("trees", ensemble.RandomForestClassifier(5, max_depth=3, random_state=0)),
                ("linear", linear_model.LogisticRegression()),
            ]
        ),
    ),
    "svc_poly": make_pipeline(scale(), svm.SVC(kernel="poly", probability=True, random_state=0)),
    "svc_rbf": make_pipeline(scale(), svm.SVC(probability=True, random_state=0)),
    "tree": tree.DecisionTreeClassifier(random_state=0),
    "voting": make_pipeline(
        scale(),
        ensemble.VotingClassifier(
            [
                ("bayes", naive_bayes.GaussianNB()),
                ("linear", linear_model.LogisticRegression()),
                ("tree", tree.DecisionTreeClassifier(max_depth=3, random_state=0)),
            ],
            voting="soft",
            flatten_transform=False,
        ),
    ),
    "xgboost": XGBClassifier(n_estimators=20, max_depth=4, random_state=0),
}

REGRESSORS = {
    "ada_boost": ensemble.AdaBoostRegressor(n_estimators=5, random_state=0),
    "bagging": ensemble.BaggingRegressor(n_estimators=5, random_state=0),
    "bayesian_ridge": linear_model.BayesianRidge(),
    "elastic_net": make_pipeline(scale(), linear_model.ElasticNet(alpha=0.1)),
    "extra_trees": ensemble.ExtraTreesRegressor(10, max_depth=5, random_state=0),
    "forest": ensemble.RandomForestRegressor(20, max_depth=6, random_state=0),
    "gaussian_process": make_pipeline(scale(), gaussian_process.GaussianProcessRegressor(alpha=0.5, normalize_y=True)),
    "gradient_boosting": ensemble.GradientBoostingRegressor(n_estimators=20, random_state=0),
    "hist_boosting": ensemble.HistGradientBoostingRegressor(max_iter=20, random_state=0),
    "huber": make_pipeline(scale(), linear_model.HuberRegressor()),
    "imputer_ridge": make_pipeline(impute.SimpleImputer(), scale(), linear_model.Ridge()),
    "k_neighbors": make_pipeline(scale(), neighbors.KNeighborsRegressor(3)),
    "lasso": linear_model.Lasso(alpha=0.1),
    "lightgbm": LGBMRegressor(n_estimators=20, num_leaves=15, random_state=0, verbose=-1),
    "linear": linear_model.LinearRegression(),
    "linear_svr": make_pipeline(scale(), svm.LinearSVR(C=10, random_state=0)),
    "mlp": make_pipeline(scale(), neural_network.MLPRegressor(hidden_layer_sizes=(32, 16), random_state=0, max_iter=500)),
    "mlp_tanh": make_pipeline(
        scale(), neural_network.MLPRegressor(hidden_layer_sizes=(32,), activation="tanh", random_state=0, max_iter=500)
    ),
    "multi_output": multioutput.MultiOutputRegressor(ensemble.GradientBoostingRegressor(n_estimators=5, random_state=0)),
    "nu_svr": make_pipeline(scale(), svm.NuSVR(C=100)),
    "poisson": make_pipeline(scale(), linear_model.PoissonRegressor(max_iter=500)),
    "poly_ridge": make_pipeline(scale(), preprocessing.PolynomialFeatures(2), linear_model.Ridge()),
    "quantile_forest": make_pipeline(
        preprocessing.RobustScaler(), ensemble.RandomForestRegressor(5, max_depth=4, random_state=0)
    ),
    "ridge": make_pipeline(scale(), linear_model.Ridge()),
    "svr_poly": make_pipeline(scale(), svm.SVR(kernel="poly", C=10)),
    "svr_rbf": make_pipeline(scale(), svm.SVR(C=100)),
    "tree": tree.DecisionTreeRegressor(random_state=0),
    "tweedie": make_pipeline(scale(), linear_model.TweedieRegressor(power=1.5, max_iter=500)),
    "voting": ensemble.VotingRegressor(
        [("linear", linear_model.Ridge()), ("tree", tree.DecisionTreeRegressor(max_depth=4, random_state=0))]
    ),
    "xgboost": XGBRegressor(n_estimators=30, max_depth=4, random_state=0),
    "xgboost_forest": XGBRFRegressor(n_estimators=20, max_depth=4, random_state=0),
}

# What has no target: preprocessing, clusters, outliers.
OTHERS = {
    "binarizer": preprocessing.Binarizer(threshold=1.0),
    "gaussian_mixture": make_pipeline(scale(), mixture.GaussianMixture(3, random_state=0)),
    "isolation_forest": ensemble.IsolationForest(n_estimators=20, max_samples=64, random_state=0),
    "k_means": make_pipeline(scale(), cluster.KMeans(3, n_init=3, random_state=0)),
    "k_bins": preprocessing.KBinsDiscretizer(4, encode="ordinal", quantile_method="averaged_inverted_cdf"),
    "max_abs_scaler": preprocessing.MaxAbsScaler(),
    "mini_batch_k_means": make_pipeline(scale(), cluster.MiniBatchKMeans(4, n_init=3, random_state=0)),
    "normalizer": preprocessing.Normalizer(),
    "one_class_svm": make_pipeline(scale(), svm.OneClassSVM(nu=0.1)),
    "pca": make_pipeline(scale(), decomposition.PCA(3)),
    "polynomial_features": preprocessing.PolynomialFeatures(2),
    "power_transformer": preprocessing.PowerTransformer(),
    "truncated_svd": decomposition.TruncatedSVD(2, random_state=0),
    "variance_threshold": feature_selection.VarianceThreshold(0.5),
}


def columns(width):
    """A transformer with other steps for other columns."""
    half = width // 2
    return compose.ColumnTransformer(
        [
            ("scaled", scale(), list(range(half))),
            ("ranged", preprocessing.MinMaxScaler(), list(range(half, width - 1))),
        ],
        remainder="passthrough",
    )


def halves(data):
    order = np.random.default_rng(0).permutation(len(data.data))
    x, y = data.data.astype(np.float32)[order], data.target[order]
    middle = len(x) // 2
    return x[:middle], y[:middle], x[middle:]


def cases():
    """Name, model, features, target, rows that are samples."""
    iris, wine, cancer = (halves(load()) for load in (datasets.load_iris, datasets.load_wine, datasets.load_breast_cancer))
    diabetes = halves(datasets.load_diabetes(scaled=False))
    for name, model in CLASSIFIERS.items():
        yield f"{name}_classifier", model, *wine
    # Two classes are exported in another way.
    for name in ("forest", "gradient_boosting", "hist_boosting", "lightgbm", "logistic", "svc_rbf", "xgboost", "mlp"):
        yield f"{name}_binary", CLASSIFIERS[name], *cancer
    for name, model in REGRESSORS.items():
        x, y, other = diabetes
        y = np.stack([y, 1000 - y * y / 100], axis=1) if name == "multi_output" else y
        yield f"{name}_regressor", model, x, y, other
    for name, model in OTHERS.items():
        yield name, model, *iris
    x, y, other = wine
    yield "columns_logistic", make_pipeline(columns(x.shape[1]), linear_model.LogisticRegression()), x, y, other
    x, y, other = diabetes
    yield "columns_gradient_boosting", make_pipeline(
        columns(x.shape[1]), ensemble.GradientBoostingRegressor(n_estimators=20, random_state=0)
    ), x, y, other


def convert(model, x):
    """The ONNX model for one row, without a map of probabilities, where the converter has that option."""
    width = x.shape[1]
    kind = type(model).__module__
    if kind.startswith(("xgboost", "lightgbm")):
        own = convert_xgboost if kind.startswith("xgboost") else convert_lightgbm
        extra = {} if own is convert_xgboost else {"zipmap": False}
        return own(model, initial_types=[("X", ToolsType([1, width]))], **extra)
    types, opsets = [("X", FloatTensorType([1, width]))], {"": 18, "ai.onnx.ml": 3}
    try:
        return to_onnx(model, initial_types=types, options={"zipmap": False}, target_opset=opsets)
    except NameError:
        return to_onnx(model, initial_types=types, target_opset=opsets)


def between(rows, n):
    """Rows, and then points between two of them: whole numbers stay whole."""
    rng = np.random.default_rng(1)
    rows = rows[:n]
    whole = np.all(rows == np.round(rows), axis=0)
    more = n - len(rows)
    a, b, t = rows[rng.integers(len(rows), size=more)], rows[rng.integers(len(rows), size=more)], rng.random((more, 1))
    mixed = (a + t * (b - a)).astype(np.float32)
    return np.concatenate([rows, np.where(whole, np.round(mixed), mixed)]).astype(np.float32)


def write(folder, name, model, x, y, other, n):
    fitted = clone(model).fit(x, y)
    onnx = convert(fitted, x)
    data = onnx.SerializeToString()
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [o.name for o in session.get_outputs()]
    samples = np.clip(between(other, n), x.min(axis=0), x.max(axis=0))
    outputs = {name: [] for name in names}
    for row in samples:
        for out, value in zip(names, session.run(None, {"X": row[None]})):
            if isinstance(value, list):
                value = [list(v.values()) for v in value]
            outputs[out].append([float(f"{v:.9g}") for v in np.asarray(value, dtype=np.float64).reshape(-1)])
    labels = {}
    scores = [o.name for o in session.get_outputs() if "int" not in o.type]
    for o in session.get_outputs():
        if "int" in o.type:
            labels[o.name] = scores[0] if scores else None
    numbers = lambda rows: [[float(v) for v in row] for row in rows]
    case = {"calibration": {"X": numbers(x)}, "inputs": {"X": numbers(samples)}, "outputs": outputs, "labels": labels}
    (folder / f"{name}.onnx").write_bytes(data)
    (folder / f"{name}.json").write_text(json.dumps(case))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--samples", type=int, default=200)
    arguments.add_argument("names", nargs="*")
    given = arguments.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    warnings.simplefilter("ignore")
    failed = 0
    for name, model, x, y, other in cases():
        if given.names and name not in given.names:
            continue
        try:
            write(given.folder, name, model, x, y, other, given.samples)
        except Exception as error:
            failed += 1
            print(f"{name}: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
