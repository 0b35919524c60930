package oktasim

import (
	"net/http"
	"net/url"
)

const formLimit = 1 << 20 // bytes of one form

// Handler serves the provider and the pages. It belongs at the root of a listener of its own, the one that the base URL
// names.
func (o *Organisation) Handler() http.Handler {
	mux := http.NewServeMux()
	o.routeProvider(mux)
	mux.Handle("/", o.pagesHandler())
	return withForm(mux)
}

// routeProvider registers what programs call, and the authorize and logout endpoints, which other sites send browsers to.
func (o *Organisation) routeProvider(mux *http.ServeMux) {
	mux.HandleFunc("GET /.well-known/openid-configuration", o.discovery)
	mux.HandleFunc("GET /oauth2/v1/keys", o.publishKeys)
	mux.HandleFunc("POST /oauth2/v1/token", o.token)
	for _, method := range []string{"GET ", "POST "} {
		mux.HandleFunc(method+"/oauth2/v1/authorize", o.authorize)
		mux.HandleFunc(method+"/oauth2/v1/userinfo", o.userinfo)
		mux.HandleFunc(method+"/oauth2/v1/logout", o.logout)
	}
}

// pagesHandler serves people: cross-site posts are refused, and only the organisation's own host is answered, so that no
// other name which resolves here can drive the pages.
func (o *Organisation) pagesHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", o.dashboardPage)
	mux.HandleFunc("GET /login", o.dashboardLogin)
	mux.HandleFunc("POST /login", o.login)
	mux.HandleFunc("POST /signout", o.signOut)
	mux.Handle("GET /static/", staticFiles())
	o.routeAdmin(mux)
	return o.onOwnHost(http.NewCrossOriginProtection().Handler(mux))
}

func (o *Organisation) onOwnHost(next http.Handler) http.Handler {
	own, _ := url.Parse(o.cfg.BaseURL) // New checked it
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == own.Host:
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet:
			http.Redirect(w, r, o.cfg.BaseURL+r.URL.RequestURI(), http.StatusFound) //nolint:gosec // to the organisation's own host
		default:
			o.refuse(w, http.StatusMisdirectedRequest, oauthError{"invalid_request", "This organisation answers at " + o.cfg.BaseURL + " alone."})
		}
	})
}

// withForm reads the form of every request, bounded.
func withForm(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, formLimit)
		if err := r.ParseForm(); err != nil {
			http.Error(w, "the form cannot be read", http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
