"""Constraints on generated text: automata over characters, and the look-ahead that rules out dead ends.

Every constraint becomes an :class:`~charlstm.inference.constraints.automaton.Automaton`. Their product is explored before
generation, and every state knows how many characters it needs to complete the text
(:mod:`charlstm.inference.constraints.lookahead`). Shapes: ``S`` states, ``V`` characters, ``B`` texts or particles.
"""
