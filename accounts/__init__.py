"""Who logs in, for which company, and what they may see.

roles     what each role may do
scoping   which rows that makes visible, and the company a page is about
acts      what people did by hand: who, when, what, old and new value

Knows nothing of what the companies keep in the portal: a model says with `company_path` whose its rows are.
"""
