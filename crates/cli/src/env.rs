//! The environment, read once and here only. (The AWS SDK reads its own variables itself.)

use std::ffi::OsString;
use std::path::PathBuf;

use zeroize::Zeroizing;

/// What the environment says.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a variable of its own"
)]
pub(crate) struct Env {
    /// `TF_VAR_name`: values of variables, by name.
    pub(crate) variables: Vec<(String, Zeroizing<String>)>,
    /// `TF_CLI_ARGS` and `TF_CLI_ARGS_command`: by command (empty for all), further arguments.
    arguments: Vec<(String, String)>,
    /// `TF_INPUT` is `0` or `false`: nothing is asked.
    pub(crate) no_input: bool,
    /// `TF_IN_AUTOMATION`: no advice on what to run next.
    pub(crate) automation: bool,
    /// `TF_WORKSPACE`.
    pub(crate) workspace: Option<String>,
    /// `FLOWCTL_STATE_KEY`: the key of the secret digests, instead of the file.
    pub(crate) state_key: Option<Zeroizing<String>>,
    /// `GITHUB_TOKEN`: what signs requests to GitHub.
    pub(crate) github_token: Option<Zeroizing<String>>,
    /// `GITHUB_API_URL`: where GitHub's API is, as its workflows say.
    pub(crate) github_api_url: Option<String>,
    /// `GITLAB_TOKEN`: what signs requests to GitLab.
    pub(crate) gitlab_token: Option<Zeroizing<String>>,
    /// `CI_SERVER_URL`: where GitLab is, as its jobs say.
    pub(crate) gitlab_url: Option<String>,
    /// The page of the CI job, as GitHub, GitLab or Bitbucket say it.
    pub(crate) job: Option<String>,
    /// `FLOWCTL_LOG`: what is logged to stderr, as tracing's filters are written.
    pub(crate) log: Option<String>,
    /// `FLOWCTL_ALLOW_EXTERNAL` is `1` or `true`: `external` may run programs.
    pub(crate) allow_external: bool,
    /// `FLOWCTL_UNTRUSTED`: the configuration is a stranger's, and reads nothing outside of this
    /// directory; `1` or `true` for its own.
    pub(crate) untrusted: Option<PathBuf>,
    /// `FLOWCTL_POLICY`: directories of policies, with colons between them.
    pub(crate) policy: Vec<PathBuf>,
    /// `FLOWCTL_FAULT`: where a fault test ends the process.
    pub(crate) fault: Option<String>,
    /// `NO_COLOR` is set and not empty, or the terminal is a `dumb` one.
    pub(crate) no_color: bool,
    /// The locale is one without Unicode.
    pub(crate) ascii: bool,
    /// `COLUMNS`.
    pub(crate) columns: Option<usize>,
    /// `HOME`.
    pub(crate) home: Option<String>,
    /// The working directory when flowctl was started.
    pub(crate) directory: PathBuf,
    user: Option<String>,
}

impl Env {
    /// Reads the environment. A variable that is no text is as good as not there.
    pub(crate) fn read() -> Self {
        let mut env = Self {
            variables: Vec::new(),
            arguments: Vec::new(),
            no_input: false,
            automation: false,
            workspace: None,
            state_key: None,
            github_token: None,
            github_api_url: None,
            gitlab_token: None,
            gitlab_url: None,
            job: None,
            log: None,
            allow_external: false,
            untrusted: None,
            policy: Vec::new(),
            fault: None,
            no_color: false,
            ascii: false,
            columns: None,
            home: None,
            directory: std::env::current_dir().unwrap_or_default(),
            user: None,
        };
        let mut locale = [None, None, None];
        let mut github = [None, None, None];
        let mut bitbucket = [None, None];
        for (name, value) in std::env::vars_os() {
            let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
                continue;
            };
            if let Some(variable) = name.strip_prefix("TF_VAR_") {
                let value = Zeroizing::new(value);
                env.variables.push((variable.to_owned(), value));
                continue;
            }
            if let Some(command) = name.strip_prefix("TF_CLI_ARGS") {
                let command = command.trim_start_matches('_').replace('_', " ");
                env.arguments.push((command, value));
                continue;
            }
            match name.as_str() {
                "TF_INPUT" => env.no_input = matches!(value.as_str(), "0" | "false"),
                "TF_IN_AUTOMATION" => env.automation = !value.is_empty(),
                "TF_WORKSPACE" => env.workspace = Some(value),
                "FLOWCTL_STATE_KEY" => env.state_key = Some(Zeroizing::new(value)),
                "GITHUB_TOKEN" if !value.is_empty() => {
                    env.github_token = Some(Zeroizing::new(value));
                }
                "GITHUB_API_URL" if !value.is_empty() => env.github_api_url = Some(value),
                "GITLAB_TOKEN" if !value.is_empty() => {
                    env.gitlab_token = Some(Zeroizing::new(value));
                }
                "CI_SERVER_URL" if !value.is_empty() => env.gitlab_url = Some(value),
                "CI_JOB_URL" if !value.is_empty() => env.job = Some(value),
                "GITHUB_SERVER_URL" => github[0] = Some(value),
                "GITHUB_REPOSITORY" => github[1] = Some(value),
                "GITHUB_RUN_ID" => github[2] = Some(value),
                "BITBUCKET_GIT_HTTP_ORIGIN" => bitbucket[0] = Some(value),
                "BITBUCKET_BUILD_NUMBER" => bitbucket[1] = Some(value),
                "FLOWCTL_LOG" => env.log = Some(value),
                "FLOWCTL_ALLOW_EXTERNAL" => {
                    env.allow_external = matches!(value.as_str(), "1" | "true");
                }
                "FLOWCTL_UNTRUSTED" => {
                    env.untrusted = match value.as_str() {
                        "" | "0" | "false" => None,
                        "1" | "true" => Some(PathBuf::from(".")),
                        _ => Some(PathBuf::from(value)),
                    };
                }
                "FLOWCTL_POLICY" => {
                    let directories = std::env::split_paths(&value);
                    env.policy = directories.filter(|d| !d.as_os_str().is_empty()).collect();
                }
                "FLOWCTL_FAULT" => env.fault = Some(value),
                "NO_COLOR" => env.no_color |= !value.is_empty(),
                "TERM" => env.no_color |= value == "dumb",
                "COLUMNS" => env.columns = value.parse().ok(),
                "HOME" => env.home = Some(value),
                "USER" => env.user = Some(value),
                "LOGNAME" if env.user.is_none() => env.user = Some(value),
                "LC_ALL" => locale[0] = Some(value),
                "LC_CTYPE" => locale[1] = Some(value),
                "LANG" => locale[2] = Some(value),
                _ => {}
            }
        }
        if let [Some(server), Some(repository), Some(run)] = &github {
            env.job = Some(format!("{server}/{repository}/actions/runs/{run}"));
        } else if let [Some(origin), Some(number)] = &bitbucket {
            env.job = Some(format!("{origin}/pipelines/results/{number}"));
        }
        let locale = locale.into_iter().flatten().find(|name| !name.is_empty());
        env.ascii = locale.is_some_and(|name| {
            let name = name.to_ascii_lowercase();
            !name.contains("utf-8") && !name.contains("utf8")
        });
        env
    }

    /// Further arguments for a command, in the order in which they come: those for every command,
    /// then its own.
    pub(crate) fn injected_arguments(&self) -> impl Fn(&str) -> Vec<(&'static str, String)> {
        |command| {
            let of = |name: &str| {
                let found = self.arguments.iter().find(|(of, _)| of == name);
                found.map(|(_, text)| text.clone())
            };
            let mut found = Vec::new();
            found.extend(of("").map(|text| ("TF_CLI_ARGS", text)));
            if !command.is_empty() {
                found.extend(of(command).map(|text| ("TF_CLI_ARGS_…", text)));
            }
            found
        }
    }

    /// Person and machine, for the lock and the history.
    pub(crate) fn who(&self) -> (String, String) {
        let user = self.user.clone().unwrap_or_else(|| {
            let id = rustix::process::getuid().as_raw();
            format!("user {id}")
        });
        let machine = rustix::system::uname();
        (user, machine.nodename().to_string_lossy().into_owned())
    }
}

/// The arguments that flowctl was started with.
pub(crate) fn arguments() -> Vec<OsString> {
    std::env::args_os().collect()
}
