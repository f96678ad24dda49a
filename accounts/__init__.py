"""Who logs in, for which company, and what they may see.

roles     what each role may do
scoping   which rows that makes visible, and the company a page is about
audit     what people did: who, when, what, old and new value

Imports nothing of integrations: a model names the company of its rows with `company_path`.
"""
