"""What `gunicorn config.wsgi` reads by itself when it is started in this folder; its options come before these."""

worker_class = "config.server.BufferingWorker"
workers = 2
threads = 16
control_socket_disable = True
