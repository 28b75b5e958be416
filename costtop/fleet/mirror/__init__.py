"""A fleet's rows in a store of costtop's own: every question that exists is asked there."""
