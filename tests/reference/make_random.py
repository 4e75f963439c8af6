"""Record what genuine MXNet 2.0.0b1's random functions return: class, type and shape, or the error's type.

    /path/to/genuine-2.0.0b1/bin/python tests/reference/make_random.py

writes random.json beside itself. `A` makes an mx.np array, `N` an mx.nd one.
"""

import json
import pathlib

SIZES = ("3", "(2, 3)", "()", "None", "(0, 2)", "[2, 3]")
TWO = {
    "uniform": (0, 1),
    "normal": (0, 1),
    "lognormal": (0, 1),
    "laplace": (0, 1),
    "gumbel": (0, 1),
    "logistic": (0, 1),
    "gamma": (2, 1),
    "beta": (2, 3),
    "f": (2, 3),
}
ONE = ("exponential", "pareto", "power", "rayleigh", "weibull", "chisquare")
TYPED = ("uniform", "normal", "lognormal", "laplace", "gamma", "beta")
V, M, W = "A([0.1, 0.2, 0.3])", "A([[0.5], [0.6]])", "A([1.0, 2.0])"

ROWS = [f"mx.np.random.{name}({a}, {b}, size={size})" for name, (a, b) in TWO.items() for size in SIZES]
ROWS += [f"mx.np.random.{name}(2, size={size})" for name in ONE for size in SIZES]
ROWS += [f"mx.np.random.{name}({a}, {b})" for name in TWO for a, b in ((V, M), (V, 2), (V, W))]
ROWS += [f"mx.np.random.{name}({V}, {M}, size=(4, 2, 3))" for name in TWO]
ROWS += [f"mx.np.random.{name}({V}, 1, size=(5,))" for name in TWO]
ROWS += [f"mx.np.random.{name}({V}{rest})" for name in ONE for rest in ("", ", (2, 3)", ", 3", ", (5,)")]
ROWS += [f"mx.np.random.{name}(2, 3, size=2, dtype={kind!r})" for name in TYPED for kind in ("float16", "float64")]
ROWS += [
    f"mx.np.random.{name}(0, {wrong}, size=2)"
    for name in ("normal", "lognormal", "gumbel", "logistic")
    for wrong in (-1, "A([-1.0])")
]
ROWS += [f"mx.np.random.{name}({wrong}, size=2)" for name in ONE for wrong in (-1, "A([-1.0])")]
ROWS += """mx.np.random.gamma(1, -1, size=2)
mx.np.random.normal(0, 0, size=2)
mx.np.random.uniform(1, 0, size=2)
mx.np.random.uniform(0, 1, size=2.0)
mx.np.random.uniform(0, 1, size=-1)
mx.np.random.uniform(0, 1, size='a')
mx.np.random.uniform(0, 1, size=2, dtype='bogus')
mx.np.random.uniform(3, 7, size=3, out=A([0, 0, 0]))
mx.np.random.uniform(3, 7, out=A([0, 0, 0]))
mx.np.random.rand()
mx.np.random.rand(2, 3)
mx.np.random.rand(2, dtype='float64')
mx.np.random.rand((2, 3))
mx.np.random.randn()
mx.np.random.randn(2, 3)
mx.np.random.randn(2, loc=5)
mx.np.random.randint(5)
mx.np.random.randint(5, size=3)
mx.np.random.randint(-3, 5, size=(2, 3))
mx.np.random.randint(5, size=2, dtype='int32')
mx.np.random.randint(5, size=2, dtype='int64')
mx.np.random.randint(5, size=2, dtype='float32')
mx.np.random.randint(1.5, 3.5, size=3)
mx.np.random.choice(5)
mx.np.random.choice(5, 3)
mx.np.random.choice(5, (2, 3))
mx.np.random.choice(5, 5, replace=False)
mx.np.random.choice(5, (2, 2), replace=False)
mx.np.random.choice(5, 0)
mx.np.random.choice(5, 3, p=A([0.1, 0, 0.3, 0.6, 0]))
mx.np.random.choice(A([1.0, 2.0, 5.0]), 3)
mx.np.random.choice(A([1, 2, 5], dtype='int32'), 3)
mx.np.random.choice(A([1.0, 2.0, 5.0]))
mx.np.random.multinomial(10, [0.2, 0.3, 0.5])
mx.np.random.multinomial(10, [0.2, 0.3, 0.5], size=4)
mx.np.random.multinomial(10, A([0.2, 0.3, 0.5]), size=(2, 4))
mx.np.random.multinomial(10, [0.2, 0.9, 0.6])
mx.np.random.multinomial(2.5, [0.2, 0.8])
mx.np.random.multinomial(10, A([[0.2, 0.8], [0.5, 0.5]]))
mx.np.random.multivariate_normal(A([1.0, 2.0]), A([[1.0, 0.5], [0.5, 2.0]]))
mx.np.random.multivariate_normal(A([1.0, 2.0]), A([[1.0, 0.5], [0.5, 2.0]]), size=(3, 4))
mx.np.random.multivariate_normal(A([[1.0, 2.0], [3, 4]]), A([[1.0, 0.5], [0.5, 2.0]]), size=3)
mx.np.random.multivariate_normal(A([1.0, 2.0]), A([[1.0, 0.5], [0.5, -2.0]]))
mx.np.random.multivariate_normal(A([1.0, 2.0, 3.0]), A([[1.0, 0.5], [0.5, 2.0]]))
mx.np.random.shuffle(A([1.0, 2.0, 3.0]))
mx.npx.random.bernoulli(0.3, size=3)
mx.npx.random.bernoulli(prob=A([0.1, 0.9]))
mx.npx.random.bernoulli(logit=A([0.1, 0.9]), size=(3, 2))
mx.npx.random.bernoulli()
mx.npx.random.bernoulli(0.3, 0.3)
mx.npx.random.bernoulli(1.3, size=3)
mx.npx.random.bernoulli(A([1.3]), size=3)
mx.npx.random.bernoulli(0.3, size=3, dtype='bool')
mx.npx.random.bernoulli(0.3, size=3, dtype='int32')
mx.npx.random.bernoulli(0.3, size=3, dtype='int64')
mx.npx.random.normal_n(0.0, 1.0, batch_shape=(3, 2))
mx.npx.random.normal_n(A([0.1, 0.2, 0.3]), A([[0.5], [0.6]]), batch_shape=4)
mx.npx.random.normal_n(A([0.1, 0.2, 0.3]), -1.0, batch_shape=(4,))
mx.npx.random.uniform_n(A([0.1, 0.2, 0.3]), A([[0.5], [0.6]]), batch_shape=(4,))
mx.npx.random.categorical(A([0.2, 0.8]))
mx.npx.random.categorical(A([[0.2, 0.8], [0.5, 0.5]]))
mx.npx.random.categorical(A([[0.2, 0.8], [0.5, 0.5]]), shape=(3, 4), get_prob=True)
mx.npx.random.categorical(A([0.2, 0.8]), get_prob=True)
mx.npx.random.categorical(A([0.2, 0.8]), dtype='float32')
mx.npx.random.categorical(A([0.2, 0.8]), dtype='int64')
mx.npx.random.multinomial(A([5, 6]), A([[0.2, 0.8], [0.5, 0.5]]), shape=3)
mx.npx.random.multinomial(A(5), A([0.2, 0.8]))
mx.random.seed(1.5)
mx.random.seed('a')
mx.random.seed(True)
mx.nd.random.uniform()
mx.random.uniform()
mx.nd.random.uniform(0, 1, (2, 3), 'float64', mx.cpu(1))
mx.nd.random.uniform(shape=())
mx.nd.random.uniform(N([0.1, 0.2]), 1)
mx.nd.random.uniform(N([0.1, 0.2]), N([1.1, 2.2]), shape=4)
mx.nd.random.uniform(0, 1, 3, 'int32')
mx.nd.random.uniform(out=N([[0, 0], [0, 0]]))
mx.nd.random.uniform(shape=(3, 3), out=N([[0, 0], [0, 0]]))
mx.nd.random.normal(0, -1, shape=3)
mx.nd.random.normal(0, 0, shape=3)
mx.nd.random.normal(N([0.1, 0.2]), N([0.1, 0.2]), shape=(2, 2))
mx.nd.random.normal(N([0.1, 0.2]), N([1.0]))
mx.nd.random.randn()
mx.nd.random.randn(2, 3)
mx.nd.random.poisson(4, shape=3)
mx.nd.random.poisson(N([0.1, 0.2]), shape=3)
mx.nd.random.poisson(-1, shape=3)
mx.nd.random.exponential(N([0.1, 0.2]), shape=3)
mx.nd.random.exponential(-2, shape=3)
mx.nd.random.gamma(N([0.1, 0.2]), N([0.1, 0.2]), shape=3)
mx.nd.random.gamma(-2, 3, shape=3)
mx.nd.random.binomial(5, 0.3, shape=3)
mx.nd.random.binomial(N([5, 6]), N([0.3, 0.5]), shape=3)
mx.nd.random.negative_binomial(5, 0.3, shape=3)
mx.nd.random.negative_binomial(N([5, 6]), N([0.3, 0.5]), shape=3)
mx.nd.random.generalized_negative_binomial(5, 0.3, shape=3)
mx.nd.random.generalized_negative_binomial(-5, 0.3, shape=3)
mx.nd.random.randint(0, 5)
mx.nd.random.randint(0, 5, shape=3, dtype='int64')
mx.nd.random.randint(0, 5, shape=3, dtype='float32')
mx.nd.random.randint(0, 2**40, shape=3, dtype='int64')
mx.nd.random.categorical(N([0.3, 0.7]))
mx.nd.random.categorical(N([[0.3, 0.7], [0.5, 0.5]]), shape=(4, 2), get_prob=True)
mx.nd.random.multinomial()
mx.nd.random.multinomial(N([4, 5]), N([[0.3, 0.7], [0.5, 0.5]]), shape=3)
mx.nd.random.shuffle(N([[1, 2], [3, 4], [5, 6]]))
mx.nd.random.uniform_like(N([1, 2], dtype='float64'))
mx.nd.random.normal_like(N([1, 2]), loc=3)
mx.nd.random.uniform_like(N([1, 2], dtype='int32'))""".splitlines()


def evaluate(mx, expression):
    """Class, type and shape of each result, or the name of the error's type."""

    def legacy(values, dtype="float32"):
        return mx.np.array(values, dtype=dtype).as_nd_ndarray()

    try:
        result = eval(expression, {"mx": mx, "A": mx.np.array, "N": legacy})
        results = result if isinstance(result, (list, tuple)) else [result]
        return [
            None if one is None else [type(one).__name__, str(one.asnumpy().dtype), list(one.shape)] for one in results
        ]
    except Exception as error:
        return type(error).__name__


if __name__ == "__main__":
    import mxnet

    found = {expression: evaluate(mxnet, expression) for expression in ROWS}
    lines = [f"{json.dumps(row)}: {json.dumps(value)}" for row, value in found.items()]
    pathlib.Path(__file__).with_suffix("").with_name("random.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
