"""How values are shown to people: in which currency sums stand. Nothing here is stored or sent."""
