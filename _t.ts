import * as tf from "@tensorflow/tfjs";
tf.enableProdMode();
console.log(Object.keys(tf).filter(k=>/RNN|Cell|Optimizer|Layer|Sequential|Model|InputSpec|Symbolic|initiali|regular|constra|serial/.test(k)));
console.log(Object.keys(tf.initializers), Object.keys(tf.layers).filter(k=>/ell|rnn/.test(k)));
