from django.urls import path

from accounts.views import SignIn, SignOut, choose_company, offers

app_name = "accounts"
urlpatterns = [
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", SignOut.as_view(), name="logout"),
    path("offers/", offers, name="offers"),
    path("choose-company/", choose_company, name="choose_company"),
]
