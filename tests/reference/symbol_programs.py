"""Programs of one line that compose and look at symbols, run under genuine MXNet and under this package.

A program is a Python expression over `mx`, `sym` and these names:

    v('x')                 the variable x
    np_v('x')              the same as a symbol of `mx.sym.np`
    after(s, mood='x')     the symbol s, after its attributes are set
    within({...}, f)       what f() returns inside `mx.AttrScope(**{...})`
    copied(s), deep(s), pickled(s)   copies of s

What a symbol has to say for itself is recorded: names, attributes and text; of `NUMPY` and `ONLY_1_9` only names, since
the functions of `mx.sym.np` spell defaults out differently, and 1.9.1 annotates less. Programs under `ONLY_1_9` use
names that MXNet 2.0 no longer has.
"""

import contextlib
import copy
import pickle

from expressions import error_name

PROGRAMS = """
v('x')
v('')
v('x') if sym.Variable is sym.var else 0
sym.var('b', shape=(2, 3), dtype='float16', init=mx.init.One(), lr_mult=2, wd_mult=0.5, stype='default', __foo__='x')
sym.var('b', dtype='int32', init='xavier')
sym.var('b', init=mx.init.Xavier())
sym.var('b', shape=[3, 2], attr={'mood': 'angry'})
sym.var('b', stype='row_sparse', profiler_scope='p:')
sym.var('b', __x__=1)
sym.var('b', foo=1)
sym.var('b', stype='bogus')
sym.var('b', attr={'x': 1})
sym.var('b', attr={'data_lr_mult': '3'})
sym.var(1)
sym.FullyConnected(v('x'), num_hidden=3)
sym.FullyConnected(v('x'), num_hidden=3, name='fc', no_bias=True)
sym.FullyConnected(num_hidden='3', name='fc')
sym.FullyConnected(bias=v('x'), num_hidden=3)
sym.FullyConnected(v('x'), v('x'), v('x'), 4)
sym.FullyConnected(num_hidden=3, name='fc', attr={'lr_mult': '2', '__foo__': '3', 'ctx_group': 'd'}, wd_mult=3)
sym.FullyConnected(num_hidden=3, name='fc', attr={'num_hidden': '5'})
sym.FullyConnected(v('x'), num_hidden=3, attr={'weight_lr_mult': '2'})
sym.FullyConnected(v('x'), num_hidden=3, attr={'foo': '2'})
sym.FullyConnected(v('x'), num_hidden=3, bogus=5)
sym.FullyConnected(v('x'), num_hidden='x')
sym.FullyConnected(v('x'), num_hidden=None)
sym.FullyConnected(v('x'))
sym.FullyConnected(3, num_hidden=3)
sym.FullyConnected(num_hidden=3, dat=v('x'))
sym.FullyConnected(v('x'), data=v('x'), num_hidden=3)
sym.FullyConnected(v('x'), v('x'), v('x'), 3, True, True, 'nm', None, None, 4)
sym.FullyConnected(v('x'), num_hidden=3, no_bias=True, bias=v('b'))
sym.Convolution(v('x'), kernel=(3, 3), num_filter=8, pad=(1, 1), no_bias=False, name='conv')
sym.Convolution(v('x'), kernel='(3, 3)', num_filter='8', stride=(2, 2), num_group=2, name='conv')
sym.Deconvolution(v('x'), kernel=(2, 2), num_filter=2, name='up')
sym.Pooling(sym.Activation(v('x'), act_type='relu'), kernel=(2, 2), pool_type='max', global_pool=True)
sym.BatchNorm(v('x'), name='bn')
sym.BatchNorm(v('x'), fix_gamma=False, eps=0.001, momentum=0.9, name='bn')
sym.BatchNorm(v('x'), name='bn', output_mean_var=True)
sym.BatchNorm(v('x'), name='bn', output_mean_var=True)[1]
[s.name for s in sym.BatchNorm(v('x'), name='bn', output_mean_var=True)]
sym.BatchNorm(sym.BatchNorm(v('x'), name='a', moving_mean=v('m')), name='b', moving_mean=sym.var('m'))
(lambda m: sym.BatchNorm(sym.BatchNorm(v('x'), name='a', moving_mean=m), name='b', moving_mean=m))(v('m'))
sym.BatchNorm(v('x'), moving_mean=sym.exp(v('x')))
sym.LayerNorm(v('x'), name='ln', output_mean_var=True)
sym.Dropout(v('x'), p=0.5, name='d')
sym.LeakyReLU(v('x'), act_type='prelu')
sym.LeakyReLU(v('x'), act_type='leaky', slope=0.1)
sym.LeakyReLU(v('x'), v('g'), act_type='leaky')
sym.SoftmaxOutput(v('x'), name='softmax')
sym.CTCLoss(v('x'), name='c', use_label_lengths=True)
sym.CTCLoss(v('x'), name='c', use_data_lengths=True)
sym.SequenceMask(v('x'), use_sequence_length=True)
sym.SequenceMask(v('x'))
sym.softmax(v('x'), use_length=True, name='s')
sym.softmax(v('x'), axis=1, name='s')
sym.UpSampling(v('x'), scale=2, sample_type='nearest')
sym.UpSampling(v('x'), scale=2, sample_type='bilinear', num_filter=3, name='u')
sym.Embedding(v('x'), input_dim=5, output_dim=3, name='e')
sym.SliceChannel(v('x'), num_outputs=3, name='s')
sym.SliceChannel(v('x'), num_outputs=3, name='s')[1]
sym.SliceChannel(v('x'), num_outputs=3, name='s')[0:2]
sym.SliceChannel(v('x'), num_outputs=3, name='s')[::2]
sym.SliceChannel(v('x'), num_outputs=3, name='s')['s_output2']
sym.SliceChannel(v('x'), num_outputs=3, name='s')['zz']
sym.SliceChannel(v('x'), num_outputs=3, name='s')[3]
sym.SliceChannel(v('x'), num_outputs=3, name='s')[1.0]
sym.SliceChannel(v('x'), num_outputs=3, name='s')[3:]
list(sym.SliceChannel(v('x'), num_outputs=2, name='s'))
len(sym.SliceChannel(v('x'), num_outputs=3))
sym.Concat(*sym.SliceChannel(v('x'), num_outputs=2), dim=1, name='c')
sym.exp(sym.SliceChannel(v('x'), num_outputs=2))
sym.SliceChannel(v('x'), num_outputs=2) + 1
sym.Concat(sym.SliceChannel(v('x'), num_outputs=2))
sym.exp(sym.Group([v('x'), v('y')]))
sym.Concat(v('x'), v('y'), dim=1)
sym.Concat(v('x'), v('y'), dim=1, num_args=3)
sym.Concat(arg1=v('x'), arg0=v('y'))
sym.Concat(v('x'), b=v('y'))
sym.Concat()
sym.Concat(1)
sym.Concat([v('x'), v('y')])
sym.add_n(v('x'), v('y'), name='sum')
sym.add_n(num_args=2)
sym.ElementWiseSum(v('x'), v('y'))
sym.stack(v('x'), v('y'), axis=1)
sym.topk(v('x'), ret_typ='both', name='t')
sym.contrib.MultiBoxPrior(v('x'), sizes=(0.5, 0.25), ratios=(1, 2))
sym.contrib.MultiBoxTarget(v('x'), name='t')
sym.contrib.ROIAlign(v('x'), pooled_size=(2, 2), spatial_scale=0.5)
sym.contrib.rand_zipfian(v('x'), 4, 10)
sym.linalg.gemm2(v('x'), v('y'), transpose_b=True)
sym.linalg_gemm2(v('x'))
sym.linalg.gelqf(v('x'))
sym.image.to_tensor(v('x'))
sym.random.uniform(-1, 1, shape=(2, 3))
sym.random.normal(v('m'), v('s'), shape=(2,))
sym.random.normal(v('m'), 1)
sym.random.normal('a')
sym.random.randn(2, 3)
sym.random.exponential(2, shape=(3,))
sym.random.poisson(4, shape=(3,), name='p')
sym.random.gamma(v('a'), v('b'))
sym.random.randint(0, 5, shape=(3,))
sym.random.uniform_like(v('x'))
sym.random.shuffle(v('x'))
sym.random_uniform(shape=(2,)) + sym.uniform(shape=(2,))
sym.exp(v('x'), 'nm')
sym.exp(v('x'), foo=3)
sym.exp(v('x'), attr={'mood': 'x'}, lr_mult=3)
sym.exp(v('x'), attr={'x_lr_mult': '3'})
sym.exp()
sym.zeros((2, 3))
sym.zeros((2, 3), dtype='int32') + sym.ones(shape=(2, 3), name='o')
sym.full((2,), 3.5)
sym.eye(3, 4, 1)
sym.arange(1, 5, 2, name='r') * 1
sym.arange(5) + 0
sym.linspace(0, 1, 5) + 0
sym.split_v2(v('x'), 2)
sym.split_v2(v('x'), (1, 2), axis=1)
sym.split_v2(v('x'), 'a')
sym.histogram(v('x'), v('b'))
sym.histogram(v('x'), 5)
sym.Cast(v('x'), dtype='float16')
sym.Cast(v('x'), dtype=float)
sym.slice(v('x'), begin=(0, None), end=(None, 2))
sym.clip(v('x'), 0.0, 1.0)
sym.sum(v('x'), axis=(1,), keepdims=True)
sym.sum(v('x'), axis=())
sym.expand_dims(v('x'), axis=None)
v('a') + v('b')
v('a') - v('b')
v('a') * v('b')
v('a') / v('b')
v('a') % v('b')
v('a') ** v('b')
-v('a')
abs(v('a'))
v('a') == v('b')
v('a') != v('b')
v('a') < v('b')
v('a') <= v('b')
v('a') > v('b')
v('a') >= v('b')
v('a') + 1
1 + v('a')
v('a') + 1.5
v('a') - 1
1 - v('a')
v('a') * 2
2 * v('a')
v('a') / 2
2 / v('a')
v('a') % 2
2 % v('a')
v('a') ** 2
2 ** v('a')
v('a') == 1
1 != v('a')
1 < v('a')
v('a') <= 1
v('a') > 1
v('a') >= 1
v('a') + np.float32(3)
np.float32(3) + v('a')
v('a') + 'x'
'x' - v('a')
v('a') + None
v('a') == None
v('a') + [1]
v('a') // 2
v('a') @ v('a')
~v('a')
hash(v('a'))
bool(v('a'))
v('a').__iadd__(1)
v('a').__itruediv__(1)
sym.power(2, v('a'))
sym.power(v('a'), 2)
sym.pow(v('a'), v('b'))
sym.pow(2, 3)
sym.power('a', v('a'))
sym.maximum(v('a'), 2)
sym.maximum(2, v('a'))
sym.maximum(v('a'), v('b'))
sym.maximum(2, 3)
sym.minimum(v('a'), 2)
sym.minimum(2, 3)
sym.hypot(v('a'), 2)
sym.hypot(3, 4)
v('a').reshape((2, 3))
v('a').reshape(shape=(0, -1))
v('a').sum(1)
v('a').astype('int32')
v('a').flatten()
v('a').split(num_outputs=2, axis=1)
v('a').split_v2(2)
v('a').pad(mode='constant', pad_width=(0, 0, 0, 0))
v('a').swapaxes(0, 1)
v('a').squeeze(1)
v('a').diag(1)
v('a').expand_dims(1)
v('a').slice_axis(axis=0, begin=0, end=1)
v('a').broadcast_like(v('b'))
v('a').take(v('b'))
v('a').norm()
v('a').relu()
sym.sigmoid(v('a'))
v('a').topk(k=2)
v('a').tile(reps=(2, 2))
v('a').log_softmax(axis=-1, name='ls')
v('a').asnumpy()
v('a').copy()
v('a').backward()
v('a').nothing
sym.FullyConnected(num_hidden=3, name='f')(f_data=v('d'))
sym.FullyConnected(num_hidden=3, name='f')(f_data=v('d'), name='g')
sym.FullyConnected(num_hidden=3, name='f')(f_data=sym.exp(v('f_data')))
sym.FullyConnected(num_hidden=3, name='f')()
(lambda d: sym.FullyConnected(num_hidden=3, name='f')(f_data=d, f_weight=d))(sym.exp(v('d')))
(lambda x: sym.Group([x, x + 1])(x=sym.exp(v('d'))))(v('x'))
sym.BatchNorm(name='bn')(bn_moving_mean=sym.exp(v('m')))
sym.FullyConnected(num_hidden=3, name='f')(v('d'))
sym.FullyConnected(num_hidden=3, name='f')(data=v('d'))
sym.FullyConnected(num_hidden=3, name='f')(f_data=3)
sym.FullyConnected(num_hidden=3, name='f')(v('d'), f_weight=v('d'))
sym.FullyConnected(num_hidden=3, name='f')(f_data=sym.split(v('d'), num_outputs=2))
v('x')(x=v('y'))
sym.Group([v('a'), sym.exp(v('b'))])
sym.Group((sym.Group([v('a'), v('b')]), v('c')))
(lambda x: sym.Group([x, x]))(v('x'))
(lambda x: sym.Group([x, x])['x'])(v('x'))
(lambda s: sym.Group([s[1], s[0]]))(sym.split(v('x'), num_outputs=2, name='s'))
sym.Group([])
sym.Group([1])
sym.Group([v('a'), v('b')]).name
repr(sym.Group([v('a'), v('b')]))
repr(sym.split(v('a'), num_outputs=2))
sym.exp(sym.FullyConnected(v('x'), num_hidden=2, name='f')).get_internals()
sym.exp(sym.FullyConnected(v('x'), num_hidden=2, name='f')).get_internals()['f_output']
sym.split(v('x'), num_outputs=2, name='s')[1].get_internals()
sym.FullyConnected(v('x'), num_hidden=2, name='f').get_children()
sym.FullyConnected(v('x'), num_hidden=2, name='f').get_inputs()
(lambda x: sym.Group([sym.exp(x), sym.exp(x)]).get_children())(v('x'))
v('x').get_children()
sym.BatchNorm(v('x'), name='bn').list_inputs()
v('x').attr('mood')
sym.var('x', lr_mult=3).attr('lr_mult')
sym.var('x', lr_mult=3).attr('__lr_mult__')
sym.FullyConnected(v('x'), num_hidden=2).attr('num_hidden')
sym.FullyConnected(v('x'), num_hidden=2).list_attr()
sym.var('x').list_attr()
sym.exp(v('x')).list_attr(recursive=True)
after(v('x'), mood='x', lr_mult='3')
after(sym.FullyConnected(v('x'), num_hidden=2, name='f'), num_hidden='5', lr_mult='3', __a__='b')
after(sym.FullyConnected(v('x'), num_hidden=2, name='f'), num_hidden='x')
after(sym.FullyConnected(v('x'), num_hidden=2, name='f'), bogus='x')
after(v('x'), mood=1)
after(sym.Group([v('a'), v('b')]), mood='x')
(lambda x: [after(copied(x), mood='1'), x])(sym.exp(v('x')))
(lambda x: [after(x[0], mood='1'), x])(sym.exp(v('x')))
deep(sym.exp(v('x'), __a__='b') + 1)
pickled(sym.FullyConnected(v('x'), num_hidden=2, name='f', __a__='b') + 1)
sym.fromjson((sym.BatchNorm(v('x'), name='bn') + 1).tojson())
sym.fromjson(3)
sym.fromjson('xx')
sym.load(3)
sym.load('/no/such/file')
v('x').save(3)
v('x').save('/no/such/folder/file')
sym.exp(v('x')).gradient(['x'])
sym.exp(v('x')).get_backend_symbol('nope')
sym.contrib.boolean_mask(v('x'), v('y')).has_dynamic_shape_op()
mx.name.Prefix('p_').get(None, 'fc')
mx.name.Prefix('p_').get('nm', 'fc')
[mx.name.NameManager().get(None, 'fc'), mx.name.current().get(None, 'fc'), mx.name.current().get(None, 'fc')]
within_prefix('p_', lambda: sym.FullyConnected(sym.var('x'), num_hidden=2))
within({'ctx_group': 'a', '__mood__': 'b'}, lambda: sym.FullyConnected(v('x'), num_hidden=2))
within({'mood': 'b'}, lambda: sym.exp(v('x')))
within({'mood': 'b'}, lambda: sym.FullyConnected(v('x'), num_hidden=2))
within({'a': '1', 'b': '1'}, lambda: within({'b': '2'}, lambda: sym.var('x', attr={'c': '3'})))
within({'a': '1'}, lambda: [within({'b': '2'}, lambda: v('x')), v('y')])
within({'a': '1'}, lambda: sym.var('x', attr={'a': '3'}))
within({'a': 1}, lambda: v('x'))
mx.AttrScope(a='1').get({'a': '2', 'b': '3'})
mx.AttrScope().get(None)
""".strip().splitlines()

NUMPY = """
np_v('x')
np_v('x') + 1
1 - np_v('x')
np_v('x') / np_v('y')
np_v('x') % 2
np_v('x') == np_v('y')
np_v('x') < 2
np_v('x') & np_v('y')
-np_v('x')
abs(np_v('x'))
np_v('x').sum(axis=1)
np_v('x').mean(axis=1)
np_v('x').T
np_v('x').reshape((2, 3))
np_v('x').reshape(2, 3)
np_v('x').astype('float16')
np_v('x')[0]
np_v('x')[1:]
np_v('x')[0, 1:3]
np_v('x')[np_v('y')]
np_v('x')['a']
len(np_v('x'))
list(np_v('x'))
np_v('x').as_nd_ndarray() + 1
np_v('x') + v('y')
sym.np.exp(np_v('x'))
sym.np.exp(v('x'))
sym.np.exp(0)
sym.np.add(np_v('x'), 2)
sym.np.maximum(np_v('x'), np_v('y'))
sym.np.stack([np_v('x'), np_v('y')])
sym.np.sum(np_v('x'), axis=1)
sym.np.dot(np_v('x'), np_v('y'))
sym.np.where(np_v('c'), np_v('x'), np_v('y'))
sym.np.zeros((2, 3))
sym.np.linalg.svd(np_v('x'))
sym.np.unique(np_v('x')).has_dynamic_shape_op()
sym.np.exp(np_v('x')).has_dynamic_shape_op()
sym.npx.relu(np_v('x'), name='r')
sym.npx.activation(np_v('x'), act_type='relu')
sym.npx.fully_connected(np_v('x'), np_v('w'), np_v('b'), num_hidden=3, no_bias=False)
""".strip().splitlines()

ONLY_1_9 = """
sym.load_json((v('x') + 1).tojson())
sym.load_json(3)
""".strip().splitlines()


def evaluate(mx, program, names_only=False):
    """What a program gives, or the name of its error; names are counted from zero."""
    import numpy

    sym = mx.sym
    scope = {
        "mx": mx,
        "sym": sym,
        "np": numpy,
        "v": sym.var,
        "np_v": lambda name: sym.var(name).as_np_ndarray(),
        "after": _after,
        "within": lambda attributes, function: _inside(mx.AttrScope(**attributes), function),
        "within_prefix": lambda prefix, function: _inside(mx.name.Prefix(prefix), function),
        "copied": copy.copy,
        "deep": copy.deepcopy,
        "pickled": lambda symbol: pickle.loads(pickle.dumps(symbol)),
    }
    try:
        with mx.name.NameManager(), contextlib.redirect_stdout(None):
            return _plain(sym.Symbol, eval(program, scope), names_only)
    except Exception as error:
        return {"error": error_name(error)}


def _after(symbol, **attributes):
    symbol._set_attr(**attributes)
    return symbol


def _inside(manager, function):
    with manager:
        return function()


def _shortened(given):
    """Attributes without what all nodes have."""
    common = {"__profiler_scope__": "<unk>:", "profiler_scope": "<unk>:"}
    return {key: value for key, value in given.items() if common.get(key) != value}


def _plain(symbol_class, value, names_only):
    """A symbol in plain words; lists item by item; anything else as it is."""
    if isinstance(value, (list, tuple)):
        return [_plain(symbol_class, item, names_only) for item in value]
    if not isinstance(value, symbol_class):
        return value
    names = {
        "class": type(value).__name__,
        "arguments": value.list_arguments(),
        "auxiliary": value.list_auxiliary_states(),
        "outputs": value.list_outputs(),
    }
    if names_only:
        return names
    attributes = {name: _shortened(given) for name, given in value.attr_dict().items()}
    return {**names, "attributes": attributes, "text": value.debug_str()}


def names_of(symbol):
    """Names of arguments, auxiliary states and outputs of an operator called ``n``, without its name."""
    lists = symbol.list_arguments(), symbol.list_auxiliary_states(), symbol.list_outputs()
    return [" ".join(name.removeprefix("n_") for name in names) for names in lists]


# Values for attributes that operators require, by the attribute's name; and what some are given instead.
REQUIRED = {
    "M": 3,
    "N": 3,
    "a": 2,
    "a_axes_summed": (0,),
    "act_type": "relu",
    "alpha": 1.0,
    "axes": 1,
    "axis": 0,
    "b_axes_summed": (0,),
    "begin": (0,),
    "block_size": 2,
    "bot": 1,
    "brightness": 0.1,
    "contrast": 0.1,
    "depth": 3,
    "destination": (0,),
    "dimensions": (2,),
    "dtype": "float32",
    "end": (1,),
    "fill_value": 1.0,
    "group_size": 1,
    "h": 2,
    "heads": 1,
    "height": 2,
    "high": 5,
    "hue": 0.1,
    "indices": (1,),
    "input_dim": 4,
    "is_logit": False,
    "kernel": (1, 1),
    "key": "k",
    "left": 1,
    "loc": 0.0,
    "logit": None,
    "low": 0,
    "lr": 0.1,
    "m": 2,
    "max_factor": 1.0,
    "min_factor": 0.0,
    "mode": "constant",
    "n": 2,
    "newshape": (1,),
    "nsize": 3,
    "num": 3,
    "num_args": 1,
    "num_arrays": 1,
    "num_filter": 2,
    "num_hidden": 3,
    "num_layers": 1,
    "num_outputs": 2,
    "output_dim": 3,
    "out_dim": 4,
    "output_size": (2, 2),
    "pad_width": (0, 0, 0, 0),
    "pooled_size": (1, 1),
    "prob": 0.5,
    "repeats": 2,
    "reps": (2,),
    "right": 1,
    "sample_type": "nearest",
    "sampler_type": "bilinear",
    "saturation": 0.1,
    "scale": 1.0,
    "shape": (2,),
    "size": None,
    "source": (0,),
    "spatial_scale": 1.0,
    "start": 0.0,
    "start_axis": 0,
    "state_size": 3,
    "stop": 1.0,
    "stype": "default",
    "threshold": 0.5,
    "top": 1,
    "transform_type": "affine",
    "val": 1.0,
    "value": 1.0,
    "w": 2,
    "width": 2,
    "x": 0,
    "y": 0,
}
GIVEN = {
    "Pooling": {"kernel": (1, 1)},
    "RNN": {"mode": "lstm"},
    "UpSampling": {"scale": 2},
    "_contrib_DeformablePSROIPooling": {"pooled_size": 2},
    "_contrib_PSROIPooling": {"pooled_size": 2},
    "_npi_gamma": {"shape": 1.0},
    "_npi_pad": {"pad_width": ((0, 0),)},
    "add_n": {"num_args": 1},
    "amp_multicast": {"num_outputs": 1},
    "clip": {"a_min": 0.0, "a_max": 1.0},
    "khatri_rao": {"num_args": 1},
    "slice_axis": {"begin": 0, "end": 1},
}


def required(operator, names):
    """Values for the attributes `names`, which an operator requires, and those it is given besides."""
    given = GIVEN.get(operator, {})
    return {name: REQUIRED[name] for name in names if name not in given} | given
